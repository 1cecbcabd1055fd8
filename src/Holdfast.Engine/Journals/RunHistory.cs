using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Journals;

/// <summary>What became of a run.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunState>))]
public enum RunState
{
    [JsonStringEnumMemberName("running")]
    Running,

    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Its process died; what it owed has been done.</summary>
    [JsonStringEnumMemberName("recovered")]
    Recovered,

    /// <summary>Its process died, or an undo failed: something is still owed.</summary>
    [JsonStringEnumMemberName("owing")]
    Owing,
}

/// <summary>A run as its journal tells it.</summary>
public sealed record PastRun(string Id, string Verb, string Platform, DateTimeOffset Began, DateTimeOffset? Ended, RunState State, string? Step, Problem? Problem);

/// <summary>The runs of this machine, from their journals.</summary>
public sealed class RunHistory(StateDirectory state)
{
    /// <summary>How often a journal is looked at again while it is followed.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    /// <summary>All runs, oldest first. One that died before its journal's first line has done nothing, and is not among them.</summary>
    /// <exception cref="ProblemException">A journal is damaged.</exception>
    public IReadOnlyList<PastRun> List() => [.. state.Journals().Select(JournalRecord.Read).Where(journal => journal.Started is not null).Select(Describe)];

    /// <summary>A run by its id or the beginning of it; null is the newest that runs, or else the newest.</summary>
    /// <exception cref="ProblemException">There is none, or several begin so.</exception>
    public PastRun Find(string? id)
    {
        var runs = List();
        if (id is null) return runs.LastOrDefault(run => run.State == RunState.Running) ?? (runs is [.., var newest] ? newest : throw Catalogue.RunUnknown.Throwable("Nothing was ever run here."));
        var found = runs.Where(run => run.Id.StartsWith(id, StringComparison.Ordinal)).ToList();
        return found.Count == 1 ? found[0] : throw Catalogue.RunUnknown.Throwable(found.Count == 0 ? $"There is no run '{id}'." : $"{found.Count} runs begin with '{id}'.");
    }

    /// <summary>True when a journal of this machine says that its run has made the point: what another one makes has another id.</summary>
    public bool HasMade(Snapshot point, Manifest manifest)
    {
        try
        {
            var journal = state.Journals().FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == manifest.RunId);
            return journal is not null && JournalRecord.Read(journal).Events.OfType<PointMade>().Any(made => made.Point == point.Id.ToString());
        }
        catch (ProblemException damaged) when (damaged.Problem.Code == Catalogue.JournalDamaged.Code)
        {
            return false; // the run itself tells of it
        }
    }

    /// <summary>What a run's journal says from its beginning on, and goes on to say until the run is over or its process is gone.</summary>
    public async IAsyncEnumerable<RunEvent> FollowAsync(string id, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var file = state.Journals().Single(journal => Path.GetFileNameWithoutExtension(journal) == id);
        for (var told = 0; ;)
        {
            // Asked before reading: what the process wrote last is read then.
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
