using System.CommandLine;
using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Sessions;

/// <summary>Starts this program once more, without a terminal, to do what was asked; then the terminal may go away.</summary>
internal static class DetachedRun
{
    /// <summary>$1 gets what the program writes, the rest is the program.</summary>
    private const string Script = "umask 077; log=$1; shift; \"$@\" </dev/null >\"$log\" 2>&1 & echo $!";

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100), _patience = TimeSpan.FromSeconds(30);

    /// <summary>Returns when the run has begun.</summary>
    /// <param name="session">This call of the program.</param>
    /// <param name="parsed">What was asked, with --detach.</param>
    /// <param name="verb">The verb of the run's plan.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>The run; null when there was nothing to do.</returns>
    /// <exception cref="ProblemException">It did not begin; what it wrote is in the details.</exception>
    public static async Task<PastRun?> StartAsync(Session session, ParseResult parsed, string verb, CancellationToken cancellation)
    {
        var began = session.Clock.GetUtcNow();
        var log = Path.Combine(session.State.Path, $"detached-{began.ToUnixTimeMilliseconds()}.log");
        PrivateFolder.Make(session.State.Path);
        var words = parsed.Tokens.Select(token => token.Value).Where(word => word != "--detach");
        var (_, output) = await session.Host.RunAsync(new ProgramCall("/bin/sh", ["-c", Script, "sh", log, Environment.ProcessPath!, .. words]) { IsOurself = true }, cancellation);
        var process = int.Parse(output, CultureInfo.InvariantCulture);
        var history = new RunHistory(session.State);
        for (var since = session.Clock.GetTimestamp(); session.Clock.GetElapsedTime(since) < _patience; await Task.Delay(_look, session.Clock, cancellation))
        {
            // Asked before looking: what began and ended at once is seen.
            var isOver = !Directory.Exists($"/proc/{process}");
            if (history.List().LastOrDefault(run => run.Verb == verb && run.Platform == session.Profile.Platform && run.Began >= began) is { } run) return run;
            if (!isOver) continue;
            var said = await File.ReadAllLinesAsync(log, cancellation);
            return said.Length == 0 ? null : throw new ProblemException(Catalogue.RunDetached.With("The run did not begin.") with { Details = said });
        }
        throw Catalogue.RunDetached.Throwable($"The run did not begin within {_patience.TotalSeconds:0} seconds; what it writes is in '{log}'.");
    }
}
