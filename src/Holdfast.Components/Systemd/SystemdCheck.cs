using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Systemd;

/// <summary>Whether the platform runs, and what is left of it beside its units.</summary>
internal sealed class SystemdCheck(SystemdPlatform platform) : ICheckSource
{
    /// <summary>The number of units, processes and files that are reported by name.</summary>
    private const int Named = 5;

    public string Name => "services";

    public string Question => "running";

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        var status = await platform.ReadStatusAsync(cancellation);
        return [JudgeFailed(status), JudgeRunning(status), JudgeProcesses(status.LeftOver), JudgePidFiles(status.LeftOver), .. JudgeNames(status)];
    }

    private CheckLine JudgeFailed(PlatformStatus status)
    {
        var failed = status.Groups.SelectMany(group => group.Units).Where(unit => unit.ActiveState == "failed").ToList();
        return failed.Count == 0
            ? Line("failed", CheckState.Pass, "none")
            : Line("failed", CheckState.Fail, List(failed.Select(unit => $"{unit.Id} ({unit.Result})")), "See why with 'systemctl status', and put it right: a platform that is broken already is worth less as a recovery point.");
    }

    private CheckLine JudgeRunning(PlatformStatus status)
    {
        var running = status.Groups.Where(group => !group.Group.IsStore).SelectMany(group => group.Units).Where(unit => !unit.IsStopped).Select(unit => unit.Id).ToList();
        var stores = status.Groups.Where(group => group.Group.IsStore).SelectMany(group => group.Units).Count(unit => unit.Runs);
        var apart = stores == 0 ? "" : $", apart from {stores} that hold data";
        return running.Count == 0
            ? Line(Question, CheckState.Pass, $"none{apart}")
            : Line(Question, CheckState.Warn, $"{running.Count}{apart}: {List(running)}", "A quiesced backup stops them itself; or stop them with 'holdfast platform stop'.");
    }

    private CheckLine JudgeProcesses(LeftOver left) => left.Strays.Count == 0
        ? Line("stray processes", CheckState.Pass, "none")
        : Line("stray processes", CheckState.Fail, List(left.Strays.Select(stray => $"process {stray.Process.Id} {stray.Process.Program} ({stray.Reason})")), "Find out whose they are, and end them (kill).");

    private CheckLine JudgePidFiles(LeftOver left)
    {
        var stale = left.PidFiles.Where(file => file.Stale is not null).ToList();
        return stale.Count == 0
            ? Line("PID files", CheckState.Pass, left.PidFiles.Count == 0 ? "none" : $"{left.PidFiles.Count}, each of a process that runs")
            : Line("PID files", CheckState.Fail, List(stale.Select(file => $"{file.Path} ({file.Stale})")), "Move them away, or let 'holdfast platform stop' do it: programs may not start because of them.");
    }

    /// <summary>Names of the profile without a unit, and reasons for which a stop would fail.</summary>
    private IEnumerable<CheckLine> JudgeNames(PlatformStatus status) => status.Problems.Select(problem => new CheckLine(Name, "profile", status.Order is null && problem.Exit != ExitCode.Success ? CheckState.Fail : CheckState.Warn, problem.Message) { Hint = problem.Hint });

    private CheckLine Line(string question, CheckState state, string found, string? hint = null) => new(Name, question, state, found) { Hint = hint };

    private static string List(IEnumerable<string> items) => Quantity.List(items, Named);
}
