using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>Ends stray processes: asks them to, wakes those that were halted so that they hear it, and kills what is left.</summary>
internal sealed class StrayEnd(IHost host, LeftOverSearch search, TimeProvider clock)
{
    /// <summary>As long as a person would wait before kill -9.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <returns>Those that had to be killed.</returns>
    /// <exception cref="ProblemException">Some live on.</exception>
    public async Task<IReadOnlyList<Stray>> EndAsync(IReadOnlyList<Stray> strays, CancellationToken cancellation)
    {
        await SendAsync("TERM", strays, cancellation);
        await SendAsync("CONT", strays, cancellation);
        var stubborn = await WaitAsync(strays, _patience, cancellation);
        await SendAsync("KILL", stubborn, cancellation);
        var alive = await WaitAsync(stubborn, _patience / 5, cancellation);
        return alive.Count == 0 ? stubborn : throw new ProblemException(Problem(alive));
    }

    /// <summary>That these processes are left.</summary>
    public static Problem Problem(IReadOnlyList<Stray> strays) =>
        Catalogue.ProcessesLeft.With(strays.Count == 1 ? $"A process of the platform still runs: {Describe(strays[0])}." : $"{strays.Count} processes of the platform still run.")
            with { Hint = strays.All(stray => stray.MayEnd) ? Catalogue.ProcessesLeft.Hint : "End them by hand, or name their programs under 'processes' in the profile: a PID file alone does not let Holdfast end a process.", Details = strays.Count == 1 ? [] : [.. strays.Select(Describe)] };

    public static string Describe(Stray stray) => $"{stray.Process.Id} {stray.Process.CommandLine} ({stray.Reason})";

    /// <summary>One by one: a process that has ended meanwhile must not keep the others from hearing. Its number may have gone to another, so it is looked at just before.</summary>
    private async Task SendAsync(string signal, IReadOnlyList<Stray> strays, CancellationToken cancellation)
    {
        foreach (var stray in strays.Where(stray => search.IsAlive(stray.Process)))
            await host.RunAsync(new ProgramCall("kill", [$"-{signal}", stray.Process.Id.ToString(CultureInfo.InvariantCulture)]), cancellation);
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
