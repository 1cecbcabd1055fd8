using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;
using Holdfast.Restic;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>What a copy has of what it is to have.</summary>
/// <param name="To">Where it is, as the profile writes it.</param>
public sealed record CopyState(string To)
{
    /// <summary>Recovery points of the source that the copy is to have, by its rules.</summary>
    public int Wanted { get; init; }

    /// <summary>Those of them that it lacks.</summary>
    public int Lacking { get; init; }

    /// <summary>The time of the newest point that it has; null when it has none.</summary>
    public DateTimeOffset? Newest { get; init; }

    /// <summary>The time of the newest WAL that it has; null when it has none, or is to have none.</summary>
    public DateTimeOffset? Wal { get; init; }

    /// <summary>The time of the newest WAL of the source; null when there is none, or none is copied.</summary>
    public DateTimeOffset? SourceWal { get; init; }

    /// <summary>Why it could not be asked; null when it was.</summary>
    public Problem? Trouble { get; init; }

    /// <summary>Asks a copy. Nothing is written, and no lock is taken.</summary>
    /// <param name="source">All snapshots of the source.</param>
    /// <param name="copy">The copy.</param>
    /// <param name="settings">Finds out where it is and what opens it.</param>
    /// <param name="deadline">How long it may take to answer.</param>
    /// <param name="clock">Measures that, and tells which time is in the future.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<CopyState> AskAsync(
        IReadOnlyList<Snapshot> source, CopySettings copy, Func<CancellationToken, Task<RepositorySettings>> settings,
        TimeSpan deadline, TimeProvider clock, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(deadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            // Not waited for when it does not listen to the token: a mount that hangs would hang us.
            var listing = Task.Run(() => ListAsync(settings, either.Token), either.Token);
            return Compare(source, await listing.WaitAsync(either.Token), copy, clock);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            var answer = $"No answer within {Duration.Describe(deadline)}.";
            return new CopyState(copy.To) { Trouble = Catalogue.CheckLate.With(answer) };
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            return new CopyState(copy.To) { Trouble = failure.ToProblem() };
        }
    }

    /// <summary>Compares what both have.</summary>
    /// <param name="source">All snapshots of the source.</param>
    /// <param name="there">All snapshots of the copy.</param>
    /// <param name="copy">What the copy is to have.</param>
    /// <param name="clock">Tells which time is in the future.</param>
    public static CopyState Compare(
        IReadOnlyList<Snapshot> source, IReadOnlyList<Snapshot> there, CopySettings copy, TimeProvider clock)
    {
        var request = CopyRequest.Of(copy);
        var wanted = CopySelection.Of(request, source, there, Timestamp.Now(clock), clock.LocalTimeZone).Wanted;
        var points = wanted.Where(PointTags.IsPoint).ToList();
        var ours = there.Where(request.IsOurs).ToList();
        return new CopyState(copy.To)
        {
            Wanted = points.Count,
            Lacking = SnapshotCopies.Lacking(points, there).Count,
            Newest = Latest(ours.Where(PointTags.IsPoint)),
            Wal = copy.Wal ? Latest(ours.Where(PointTags.IsWal)) : null,
            SourceWal = Latest(wanted.Where(PointTags.IsWal)),
        };
    }

    private static DateTimeOffset? Latest(IEnumerable<Snapshot> snapshots) =>
        snapshots.Select(snapshot => (DateTimeOffset?)snapshot.Time.ToDateTimeOffset()).Max();

    private static async Task<IReadOnlyList<Snapshot>> ListAsync(
        Func<CancellationToken, Task<RepositorySettings>> settings, CancellationToken cancellation)
    {
        var found = await settings(cancellation);
        await using var opened = await Repository.OpenAsync(found.Backend, found.Password, found.Options, cancellation);
        return (await opened.ListReadableSnapshotsAsync(cancellation)).Snapshots;
    }
}
