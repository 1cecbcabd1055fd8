using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>
/// Brings a copy of a repository up to date: recovery points, archived WAL and archives of messages. Both repositories
/// are locked with the shared lock of a backup, so backups, WAL archiving and restores continue. See docs/copies.md.
/// </summary>
/// <param name="source">The source repository, opened; only read.</param>
/// <param name="copy">The copy, opened, with its own keys.</param>
/// <param name="request">The options of the copy.</param>
/// <param name="clock">The clock that determines which times are in the future.</param>
public sealed class RepositoryCopy(Repository source, Repository copy, CopyRequest request, TimeProvider clock)
{
    /// <summary>
    /// Runs the copy. Missing or damaged data of one snapshot is a warning, and the others are copied.
    /// </summary>
    /// <exception cref="ProblemException">Source and copy are the same repository.</exception>
    /// <exception cref="ResticException">One of them cannot be read or written; what was stored remains.</exception>
    public async Task<CopyOutcome> RunAsync(CancellationToken cancellation)
    {
        if (source.RepositoryId == copy.RepositoryId)
        {
            var place = copy.Backend.Location;
            throw Catalogue.CopySame.Throwable($"The repository at {place} is the source itself, or a mirror of it.");
        }
        await using var reading = await source.LockToReadAsync(cancellation: cancellation);
        await using var writing = request.PlanOnly
            ? await copy.LockToReadAsync(cancellation: cancellation)
            : await copy.LockAsync(LockKind.Shared, cancellation: cancellation);
        return await KeepAsync(reading, token => KeepAsync(writing, CopyAsync, token), cancellation);
    }

    private static Task<CopyOutcome> KeepAsync(
        RepositoryLock? held, Func<CancellationToken, Task<CopyOutcome>> work, CancellationToken cancellation) =>
        held is null ? work(cancellation) : held.KeepForAsync(work, cancellation);

    private async Task<CopyOutcome> CopyAsync(CancellationToken cancellation)
    {
        var listing = await source.ListReadableSnapshotsAsync(cancellation);
        var there = (await copy.ListReadableSnapshotsAsync(cancellation)).Snapshots;
        var now = Timestamp.Now(clock);
        var selection = CopySelection.Of(request, listing.Snapshots, there, now, clock.LocalTimeZone);
        var report = await source.CopyToAsync(copy, Options(selection), cancellation);
        List<Problem> warnings = [.. listing.Damaged.Select(Describe), .. report.Uncopied.Select(CopyOutcome.Describe)];
        if (request.PlanOnly) return new(report, selection.Going.Count, 0, warnings);
        if (warnings.Count > 0) return new(report, 0, 0, warnings); // what would go may be the last of its kind
        var merged = await MergeWalAsync(listing.Snapshots, cancellation);
        if (selection.Going.Count == 0) return new(report, 0, merged, []);
        if (Refuse(selection, there) is { } refusal) return new(report, 0, merged, [refusal]);
        foreach (var point in selection.Going) await copy.ForgetAsync(point.Id, cancellation);
        return new(report, selection.Going.Count, merged, []);
    }

    private CopyOptions Options(CopySelection selection) =>
        new() { Snapshots = selection.Wanted, PlanOnly = request.PlanOnly, Counters = request.Counters };

    /// <summary>
    /// As with 'points forget': never more than half of the points, and none while a pin matches no point.
    /// </summary>
    private static Problem? Refuse(CopySelection selection, IReadOnlyList<Snapshot> before)
    {
        if (selection.Refusals is [var first, ..]) return first;
        var copied = SnapshotCopies.Lacking(selection.Wanted.Where(PointTags.IsPoint), before).Count;
        var all = before.Count(PointTags.IsPoint) + copied;
        return 2 * selection.Going.Count <= all ? null : Catalogue.RetentionMost.With(
            $"{selection.Going.Count} of {all} recovery points would be removed from the copy, so none is.",
            "See that 'copies: points' in the profile is what you want. "
            + "'holdfast points forget --repository COPY ID...' removes points by name.");
    }

    /// <summary>
    /// The source merges many small snapshots of WAL into one. Where the copy has the merged one, it no longer needs
    /// the small ones; those that the source has removed by its window remain until 'points forget' removes them from
    /// the copy.
    /// </summary>
    private async Task<int> MergeWalAsync(IReadOnlyList<Snapshot> sources, CancellationToken cancellation)
    {
        var there = (await copy.ListReadableSnapshotsAsync(cancellation)).Snapshots.Where(PointTags.IsWal).ToList();
        var current = sources.Where(PointTags.IsWal).Select(SnapshotCopies.OriginOf).ToHashSet();
        var (kept, old) = (there.Where(IsCurrent).ToList(), there.Where(wal => !IsCurrent(wal)).ToList());
        var (containment, merged) = (new TreeContainment(copy), 0);
        foreach (var wal in old)
        {
            foreach (var newer in kept.Where(newer => newer.Tags.SequenceEqual(wal.Tags, StringComparer.Ordinal)))
            {
                if (!await containment.HasAllAsync(newer.Tree, wal.Tree, cancellation)) continue;
                await copy.ForgetAsync(wal.Id, cancellation);
                merged++;
                break;
            }
        }
        return merged;

        bool IsCurrent(Snapshot wal) => current.Contains(SnapshotCopies.OriginOf(wal));
    }

    private static Problem Describe(DamagedSnapshot damaged) => Catalogue.CopyDamaged.With(
        $"The file '{damaged.File}' of the repository is damaged, so what it names was not copied: {damaged.Message}");
}
