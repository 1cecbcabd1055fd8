using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Quantities;
using Holdfast.Restic;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>The state of a copy, compared with what its rules require.</summary>
/// <param name="To">The location of the copy, as the profile writes it.</param>
public sealed record CopyState(string To)
{
    /// <summary>Recovery points of the source that the copy is to have, by its rules.</summary>
    public int Wanted { get; init; }

    /// <summary>The number of those points that the copy lacks.</summary>
    public int Lacking { get; init; }

    /// <summary>The time of the newest point of the copy; null when it has none.</summary>
    public DateTimeOffset? Newest { get; init; }

    /// <summary>The time of the newest WAL of the copy; null when it has none, or is to have none.</summary>
    public DateTimeOffset? Wal { get; init; }

    /// <summary>The time of the newest WAL of the source; null when there is none, or none is copied.</summary>
    public DateTimeOffset? SourceWal { get; init; }

    /// <summary>The reason why the state is unknown; null when it is known.</summary>
    public Problem? Trouble { get; init; }

    /// <summary>Reads the state of a copy. Nothing is written, and no lock is taken.</summary>
    /// <param name="source">All snapshots of the source.</param>
    /// <param name="copy">The copy.</param>
    /// <param name="settings">Finds the location of the copy and its credentials.</param>
    /// <param name="deadline">The time limit for the response.</param>
    /// <param name="clock">The clock that measures the deadline, and determines which times are in the future.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    public static async Task<CopyState> AskAsync(
        IReadOnlyList<Snapshot> source, CopySettings copy, Func<CancellationToken, Task<RepositorySettings>> settings,
        TimeSpan deadline, TimeProvider clock, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(deadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            // Not awaited when it ignores its cancellation: a mount that hangs would block this process.
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

    /// <summary>Compares the snapshots of both repositories.</summary>
    /// <param name="source">All snapshots of the source.</param>
    /// <param name="there">All snapshots of the copy.</param>
    /// <param name="copy">The settings of the copy.</param>
    /// <param name="clock">The clock that determines which times are in the future.</param>
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
