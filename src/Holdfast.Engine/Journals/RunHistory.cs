using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Journals;

/// <summary>The state of a run.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunState>))]
public enum RunState
{
    [JsonStringEnumMemberName("running")]
    Running,

    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Its process died; its pending undos have been performed.</summary>
    [JsonStringEnumMemberName("recovered")]
    Recovered,

    /// <summary>Its process died, or an undo failed: an undo is still pending.</summary>
    [JsonStringEnumMemberName("owing")]
    Owing,
}

/// <summary>A run as recorded in its journal.</summary>
public sealed record PastRun(string Id, string Verb, string Platform, DateTimeOffset Began, DateTimeOffset? Ended, RunState State, string? Step, Problem? Problem);

/// <summary>The runs of this machine, from their journals.</summary>
public sealed class RunHistory(StateDirectory state)
{
    /// <summary>The interval at which a followed journal is read again.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// All runs, oldest first. A run that died before its journal's first line has done nothing, and is not listed.
    /// </summary>
    /// <exception cref="ProblemException">A journal is damaged.</exception>
    public IReadOnlyList<PastRun> List() => [.. state.Journals().Select(JournalRecord.Read).Where(journal => journal.Started is not null).Select(Describe)];

    /// <summary>
    /// Finds a run by its id or the beginning of it; null means the newest active run, or else the newest run.
    /// </summary>
    /// <exception cref="ProblemException">No run matches, or several do.</exception>
    public PastRun Find(string? id)
    {
        var runs = List();
        if (id is null) return runs.LastOrDefault(run => run.State == RunState.Running) ?? (runs is [.., var newest] ? newest : throw Catalogue.RunUnknown.Throwable("Nothing was ever run here."));
        var found = runs.Where(run => run.Id.StartsWith(id, StringComparison.Ordinal)).ToList();
        return found.Count == 1 ? found[0] : throw Catalogue.RunUnknown.Throwable(found.Count == 0 ? $"There is no run '{id}'." : $"{found.Count} runs begin with '{id}'.");
    }

    /// <summary>
    /// True when a journal of this machine records that its run made the point: a point made elsewhere has another id.
    /// </summary>
    public bool HasMade(Snapshot point, Manifest manifest)
    {
        try
        {
            var journal = state.Journals().FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == manifest.RunId);
            return journal is not null && JournalRecord.Read(journal).Events.OfType<PointMade>().Any(made => made.Point == point.Id.ToString());
        }
        catch (ProblemException damaged) when (damaged.Problem.Code == Catalogue.JournalDamaged.Code)
        {
            return false; // the run reports this itself
        }
    }

    /// <summary>
    /// The events of a run's journal from its beginning, followed until the run is over or its process is gone.
    /// </summary>
    public async IAsyncEnumerable<RunEvent> FollowAsync(string id, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var file = state.Journals().Single(journal => Path.GetFileNameWithoutExtension(journal) == id);
        for (var told = 0; ;)
        {
            // Checked before reading, so that the last lines of the process are read then.
            var isOver = Describe(JournalRecord.Read(file)).State != RunState.Running;
            var journal = JournalRecord.Read(file);
            foreach (var happened in journal.Events.Skip(told)) yield return happened;
            told = journal.Events.Count;
            if (isOver) yield break;
            await Task.Delay(_pause, cancellation);
        }
    }

    private static PastRun Describe(JournalRecord journal)
    {
        var (started, ended) = (journal.Started!, journal.Ended);
        var step = journal.Events.OfType<StepStarted>().LastOrDefault()?.Name;
        return new PastRun(started.Run, started.Verb, started.Platform, started.Time, ended?.Time, StateOf(journal), step, ended?.Problem);
    }

    private static RunState StateOf(JournalRecord journal)
    {
        if (!journal.IsFinished && ProcessIdentity.IsAlive(journal.Started!.Process, journal.Started.ProcessStarted)) return RunState.Running;
        return journal.Ended switch
        {
            null or { StillOwed: > 0 } => RunState.Owing,
            { Result: RunResult.Succeeded } => RunState.Succeeded,
            { Result: RunResult.Recovered } => RunState.Recovered,
            _ => RunState.Failed,
        };
    }
}
