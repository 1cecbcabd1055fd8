using Holdfast.Engine.Hosts;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>
/// A dead run that was recovered: the number of undos performed, and the problems of those that failed.
/// </summary>
public sealed record RecoveredRun(string RunId, string Verb, DateTimeOffset Began, int Undone, IReadOnlyList<Problem> Failures);

/// <summary>
/// Performs the pending undos of dead runs. A run is dead when its journal has no end and the platform's lock could be
/// taken. Undos are idempotent, so a recovery that dies is repeated by the next one.
/// </summary>
public sealed class Recovery(StateDirectory state, IReadOnlyList<IUndoHandler> handlers, IRunObserver observer, TimeProvider clock)
{
    /// <summary>
    /// The platforms with runs whose journal has no end: active runs, dead runs, and runs whose undos failed.
    /// </summary>
    public static IReadOnlyList<string> PlatformsWithOpenRuns(StateDirectory state) =>
        [.. OpenJournals(state).Select(journal => journal.Started!.Platform).Distinct(StringComparer.Ordinal)];

    /// <summary>
    /// Journals that cannot be read. Their pending undos are not guessed, so a person must examine them. Their platform
    /// is unknown, so every run reports them. They do not prevent the recovery of other runs.
    /// </summary>
    public static IReadOnlyList<Problem> DamagedJournals(StateDirectory state) => [.. Journals(state).Select(journal => journal.Damage).OfType<Problem>()];

    /// <summary>
    /// Takes over the pending undos of one kind from the dead runs of a platform, for a run that holds the platform's
    /// lock and handles them in its own way. They are completed only after <paramref name="keep"/> has recorded them.
    /// </summary>
    /// <param name="state">The state directory, which holds the journals.</param>
    /// <param name="run">The run that takes them over; its own undos are left alone.</param>
    /// <param name="platform">The platform of the runs.</param>
    /// <param name="kind">The kind of undo.</param>
    /// <param name="keep">Receives the undos, oldest first; it is called even when there are none.</param>
    /// <param name="clock">The clock for the times in the journals.</param>
    /// <exception cref="ProblemException">A journal cannot be written.</exception>
    public static void TakeOver(StateDirectory state, string run, string platform, string kind, Action<IReadOnlyList<Undo>> keep, TimeProvider clock)
    {
        var owing = OpenJournals(state).Where(dead => dead.Started!.Platform == platform && dead.Started.Run != run)
            .Select(dead => (Dead: dead, Owed: dead.Owed.Where(owed => owed.Undo.Kind == kind).ToList())).Where(pair => pair.Owed.Count > 0).ToList();
        keep([.. owing.SelectMany(pair => pair.Owed).Select(owed => owed.Undo)]);
        foreach (var (dead, owed) in owing)
        {
            using var journal = Journal.Continue(dead.File, dead.Whole);
            foreach (var taken in owed) journal.Append(new UndoCompleted(taken.Number) { Time = clock.GetUtcNow() });
            journal.Append(new RunEnded(RunResult.Recovered, dead.Owed.Count - owed.Count, null) { Time = clock.GetUtcNow() });
        }
    }

    /// <summary>Recovers the dead runs of the platform whose lock is held, the newest first.</summary>
    /// <exception cref="ProblemException">A journal cannot be written.</exception>
    public async Task<IReadOnlyList<RecoveredRun>> RecoverAsync(RunLock held)
    {
        var recovered = new List<RecoveredRun>();
        foreach (var dead in OpenJournals(state).Where(journal => journal.Started!.Platform == held.Platform).Reverse())
            recovered.Add(await RecoverAsync(dead));
        return recovered;
    }

    /// <summary>The pending undos of a platform's dead runs, as the sentences of the undos.</summary>
    public static IReadOnlyList<string> Pending(StateDirectory state, string platform) =>
        [.. OpenJournals(state).Where(dead => dead.Started!.Platform == platform).SelectMany(dead => dead.Owed).Select(owed => owed.Undo.Does)];

    /// <summary>
    /// Drops the pending undos of the platform's dead runs without performing them, because they can never succeed: the
    /// object to roll back is gone for good.
    /// </summary>
    /// <returns>How many undos were dropped.</returns>
    /// <exception cref="ProblemException">A journal cannot be written.</exception>
    public int Drop(RunLock held)
    {
        var dropped = 0;
        foreach (var dead in OpenJournals(state).Where(journal => journal.Started!.Platform == held.Platform))
        {
            using var journal = Journal.Continue(dead.File, dead.Whole);
            foreach (var owed in dead.Owed) journal.Append(new UndoCompleted(owed.Number) { Time = clock.GetUtcNow() });
            journal.Append(new RunEnded(RunResult.Recovered, 0, null) { Time = clock.GetUtcNow() });
            dropped += dead.Owed.Count;
        }
        return dropped;
    }

    private async Task<RecoveredRun> RecoverAsync(JournalRecord dead)
    {
        using var journal = Journal.Continue(dead.File, dead.Whole);
        var log = new RunLog(journal, observer, clock);
        var owed = new PendingUndos(log, handlers, clock);
        owed.Inherit(dead.Owed);
        var failures = await owed.UndoAllAsync();
        log.Append(new RunEnded(RunResult.Recovered, owed.Count, failures.Count == 0 ? null : failures[0]));
        var started = dead.Started!;
        return new RecoveredRun(started.Run, started.Verb, started.Time, dead.Owed.Count - failures.Count, failures);
    }

    /// <summary>A journal without a first line belongs to a run that has done nothing.</summary>
    private static IEnumerable<JournalRecord> OpenJournals(StateDirectory state) =>
        Journals(state).Select(journal => journal.Record).OfType<JournalRecord>().Where(journal => journal.Started is not null && !journal.IsFinished);

    private static IEnumerable<(JournalRecord? Record, Problem? Damage)> Journals(StateDirectory state)
    {
        foreach (var file in state.Journals())
        {
            (JournalRecord?, Problem?) read;
            try
            {
                if (JournalRecord.EndsFinished(file)) continue;
                read = (JournalRecord.Read(file), null);
            }
            catch (ProblemException damaged)
            {
                read = (null, damaged.Problem);
            }
            yield return read;
        }
    }
}
