using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// The systemd unit that runs a server, when the profile names one. A server that was stopped for a restore is started
/// again, whatever the outcome of the restore.
/// </summary>
internal sealed partial class ServerUnit(string cluster, IHost host) : IUndoHandler
{
    private const string Unit = "unit";

    public string Kind => $"postgres/{cluster}.start-service";

    /// <summary>Stops the unit. When it was active, an undo that starts it is registered.</summary>
    /// <returns>The registered undo; null when the unit was not active.</returns>
    public async Task<Undo?> StopAsync(string unit, StepContext context, CancellationToken cancellation)
    {
        var (active, _) = await host.RunAsync(new ProgramCall("systemctl", ["is-active", "--quiet", "--", unit]), cancellation);
        if (active.ExitCode != 0) return null;
        var undo = new Undo(Kind, $"Starts {unit}.", new Dictionary<string, string>(StringComparer.Ordinal) { [Unit] = unit });
        await context.OweAsync(undo, cancellation);
        await AskAsync(["stop", "--", unit], cancellation);
        return undo;
    }

    /// <summary>
    /// Waits until the process of a server has ended: a parent unit such as Debian's postgresql.service is inactive
    /// before the units below it are.
    /// </summary>
    /// <param name="stopped">The unit that was stopped.</param>
    /// <param name="running">Returns the PID of the server; null when there is none.</param>
    /// <param name="patience">How long a server may keep running whose unit is not stopping.</param>
    /// <param name="clock">Measures that time.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    /// <exception cref="ProblemException">The server keeps running.</exception>
    public async Task WaitForEndAsync(string stopped, Func<int?> running, TimeSpan patience, TimeProvider clock, CancellationToken cancellation)
    {
        for (var begun = clock.GetTimestamp(); running() is { } process; await Task.Delay(_tick, clock, cancellation))
        {
            if (clock.GetElapsedTime(begun) < patience) continue;
            var unit = OfProcess(process);
            if (unit is not null && await StateAsync(unit, cancellation) is "deactivating") continue;
            throw Catalogue.PostgresRunning.Throwable(
                $"{stopped} was stopped, and the server of {cluster} runs on as process {process}{(unit is null ? ", which belongs to no unit" : $" of {unit}")}.",
                unit is null ? "Stop the server with pg_ctl, and restore again." : $"Name {unit} as 'service' of the cluster in the profile, and restore again.");
        }
    }

    /// <summary>Requests a start without waiting for it; the server itself shows whether it is up.</summary>
    public Task StartAsync(string unit, CancellationToken cancellation) => AskAsync(["start", "--no-block", "--", unit], cancellation);

    /// <summary>Restarts the unit in one request to systemd: it is started again even if this process dies.</summary>
    public Task RestartAsync(string unit, CancellationToken cancellation) => AskAsync(["restart", "--", unit], cancellation);

    /// <summary>
    /// The ActiveState: "active", "activating", "failed" and so on; empty when systemd does not respond.
    /// </summary>
    public async Task<string> StateAsync(string unit, CancellationToken cancellation) => await ShowAsync(unit, "ActiveState", cancellation);

    /// <summary>True when systemd has no such unit; false when it has, or cannot be queried.</summary>
    public async Task<bool> IsMissingAsync(string unit, CancellationToken cancellation) => await ShowAsync(unit, "LoadState", cancellation) == "not-found";

    /// <summary>True when a start of the unit has failed, and no other start is pending.</summary>
    public async Task<bool> HasFailedAsync(string unit, CancellationToken cancellation) =>
        await StateAsync(unit, cancellation) == "failed" && await ShowAsync(unit, "Job", cancellation) is "" or "0";

    /// <summary>
    /// The last lines that a unit has written to the journal, joined into one; empty when there are none.
    /// </summary>
    public async Task<string> LastWordsAsync(string unit, CancellationToken cancellation)
    {
        if (host.FindProgram("journalctl") is null) return "";
        var (result, output) = await host.RunAsync(new ProgramCall("journalctl", ["-u", unit, "-n", "8", "-o", "cat", "--no-pager", "-q"]), cancellation);
        return result.ExitCode == 0 ? string.Join(' ', output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) : "";
    }

    /// <summary>
    /// The unit that a process belongs to; null for a process that systemd has not started. Source: systemd's control
    /// groups, /proc/PID/cgroup.
    /// </summary>
    public static string? OfProcess(int process)
    {
        try
        {
            return OfGroups(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/cgroup")));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The innermost service among the control groups of a process.</summary>
    public static string? OfGroups(string groups) => groups.Split('\n')
        .Where(line => line.StartsWith("0::", StringComparison.Ordinal) || line.Contains(":name=systemd:", StringComparison.Ordinal))
        .SelectMany(line => line.Split('/').Reverse()).FirstOrDefault(part => part.EndsWith(".service", StringComparison.Ordinal) && !part.StartsWith("user@", StringComparison.Ordinal));

    /// <summary>
    /// The unit below Debian's postgresql.service that runs the cluster in a data directory; any other unit itself.
    /// </summary>
    public static string Below(string unit, string data) =>
        unit is "postgresql" or "postgresql.service" && DebianFolder().Match(data) is { Success: true } match ? $"postgresql@{match.Groups["major"].Value}-{match.Groups["name"].Value}.service" : unit;

    /// <summary>Starts the unit; starting an active unit has no effect.</summary>
    public Task UndoAsync(Undo undo, CancellationToken cancellation) => AskAsync(["start", "--", undo.Arguments[Unit]], cancellation);

    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(200);

    private async Task<string> ShowAsync(string unit, string property, CancellationToken cancellation)
    {
        var (result, output) = await host.RunAsync(new ProgramCall("systemctl", ["show", "-p", property, "--", unit]), cancellation);
        return result.ExitCode == 0 && output.Trim().Split('=', 2) is [var name, var value] && name == property ? value : "";
    }

    private Task<string> AskAsync(IReadOnlyList<string> words, CancellationToken cancellation) => host.CallAsync("systemctl", words, Catalogue.PostgresService, cancellation);

    [GeneratedRegex("^/var/lib/postgresql/(?<major>[0-9.]+)/(?<name>[^/]+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DebianFolder();
}
