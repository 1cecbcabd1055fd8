using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>Ends stray processes: asks them to, wakes those that were halted so that they hear it, and kills what is left.</summary>
internal sealed class StrayEnd(IHost host, LeftOverSearch search, TimeProvider clock)
{
    /// <summary>The time before SIGKILL: as long as an administrator would wait before kill -9.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    // The same numbers on x64 and arm64. Source: signal(7).
    private static readonly (string Name, int Number) _end = ("TERM", 15), _wake = ("CONT", 18), _kill = ("KILL", 9);

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <returns>Those that had to be killed.</returns>
    /// <exception cref="ProblemException">Some live on.</exception>
    public async Task<IReadOnlyList<Stray>> EndAsync(IReadOnlyList<Stray> strays, CancellationToken cancellation)
    {
        await SendAsync(_end, strays, cancellation);
        await SendAsync(_wake, strays, cancellation);
        var stubborn = await WaitAsync(strays, _patience, cancellation);
        await SendAsync(_kill, stubborn, cancellation);
        var alive = await WaitAsync(stubborn, _patience / 5, cancellation);
        return alive.Count == 0 ? stubborn : throw new ProblemException(Problem(alive));
    }

    /// <summary>That these processes are left.</summary>
    public static Problem Problem(IReadOnlyList<Stray> strays) =>
        Catalogue.ProcessesLeft.With(strays.Count == 1 ? $"A process of the platform still runs: {Describe(strays[0])}." : $"{strays.Count} processes of the platform still run.")
            with { Hint = strays.All(stray => stray.MayEnd) ? Catalogue.ProcessesLeft.Hint : "End them by hand, or name their programs under 'processes' in the profile: a PID file alone does not let Holdfast end a process.", Details = strays.Count == 1 ? [] : [.. strays.Select(Describe)] };

    public static string Describe(Stray stray) => $"{stray.Process.Id} {stray.Process.CommandLine} ({stray.Reason})";

    /// <summary>
    /// Sends a signal to one process after the other: one that has ended meanwhile must not keep the others from
    /// receiving it. Its PID may have been reused, so the process is held before it is verified.
    /// </summary>
    private async Task SendAsync((string Name, int Number) signal, IReadOnlyList<Stray> strays, CancellationToken cancellation)
    {
        foreach (var stray in strays)
        {
            using var held = HeldProcess.TryOpen(stray.Process.Id);
            if (!search.IsAlive(stray.Process)) continue;
            if (held is not null) held.Signal(signal.Number);
            else await host.RunAsync(new ProgramCall("kill", [$"-{signal.Name}", stray.Process.Id.ToString(CultureInfo.InvariantCulture)]), cancellation); // before Linux 5.3
        }
    }

    private async Task<IReadOnlyList<Stray>> WaitAsync(IReadOnlyList<Stray> strays, TimeSpan limit, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        while (true)
        {
            var alive = strays.Where(stray => search.IsAlive(stray.Process)).ToList();
            if (alive.Count == 0 || clock.GetElapsedTime(began) > limit) return alive;
            await Task.Delay(_pause, clock, cancellation);
        }
    }
}
