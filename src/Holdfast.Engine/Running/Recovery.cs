using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Running;

/// <summary>A dead run that was recovered: how many undos were done, and the problems of those that could not be.</summary>
public sealed record RecoveredRun(string RunId, string Verb, DateTimeOffset Began, int Undone, IReadOnlyList<Problem> Failures);

/// <summary>
/// Does what dead runs owe. A run is dead when its journal has no end and the platform's lock could be taken. Undos are
/// idempotent, so a recovery that dies is done again by the next one.
/// </summary>
public sealed class Recovery(StateDirectory state, IReadOnlyList<IUndoHandler> handlers, IRunObserver observer, TimeProvider clock)
{
    /// <summary>The platforms that have runs without an end: running ones, dead ones, and those whose undos failed.</summary>
    /// <exception cref="ProblemException">A journal is damaged.</exception>
    public static IReadOnlyList<string> PlatformsWithOpenRuns(StateDirectory state) =>
        [.. OpenJournals(state).Select(journal => journal.Started!.Platform).Distinct(StringComparer.Ordinal)];

    /// <summary>Recovers the dead runs of the platform whose lock is held, the newest first.</summary>
    /// <exception cref="ProblemException">A journal is damaged or can not be written.</exception>
    public async Task<IReadOnlyList<RecoveredRun>> RecoverAsync(RunLock held)
    {
        var recovered = new List<RecoveredRun>();
        foreach (var dead in OpenJournals(state).Where(journal => journal.Started!.Platform == held.Platform).Reverse())
            recovered.Add(await RecoverAsync(dead));
        return recovered;
    }

    private async Task<RecoveredRun> RecoverAsync(JournalRecord dead)
    {
        using var journal = Journal.Continue(dead.File, dead.Whole);
        var log = new RunLog(journal, observer, clock);
        var owed = new OwedUndos(log, handlers, clock);
        owed.Inherit(dead.Owed);
        var failures = await owed.UndoAllAsync();
        log.Append(new RunEnded(RunResult.Recovered, owed.Count, failures.Count == 0 ? null : failures[0]));
        var started = dead.Started!;
        return new RecoveredRun(started.Run, started.Verb, started.Time, dead.Owed.Count - owed.Count, failures);
    }

    /// <summary>A journal without a first line belongs to a run that has done nothing.</summary>
    private static IEnumerable<JournalRecord> OpenJournals(StateDirectory state) => state.Journals()
        .Where(file => !JournalRecord.EndsFinished(file))
        .Select(JournalRecord.Read)
        .Where(journal => journal.Started is not null && !journal.IsFinished);
}
