using Holdfast.Restic.Backends;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Restic;

/// <summary>Check, prune, copies, mirrors, locks of others and statistics.</summary>
public sealed partial class Repository
{
    /// <summary>
    /// Checks structure, and data if requested. Damage is in the report; only failures that stop the check itself are
    /// thrown.
    /// </summary>
    public Task<CheckReport> CheckAsync(CheckOptions options, CancellationToken cancellation = default) => new Checker(this).RunAsync(options, cancellation);

    /// <summary>
    /// Frees the space of what no snapshot needs. It acquires its own locks: the caller must not hold any.
    /// </summary>
    /// <exception cref="ResticException">
    /// Damaged: something that a snapshot needs is missing. NoSuchName: there is no snapshot. Locked: other processes
    /// did not release their locks in time. In these cases nothing was removed.
    /// </exception>
    public Task<PruneReport> PruneAsync(PruneOptions options, CancellationToken cancellation = default) => new Pruner(this, options).RunAsync(cancellation);

    /// <summary>
    /// Copies snapshots into another repository with keys of its own: every blob is verified and encrypted again; its
    /// compression is kept. What was written is verified before a snapshot is saved. The caller holds a lock on both.
    /// </summary>
    /// <exception cref="ResticException">
    /// Failures of the destination, and those that prevent all reading of the source. What was stored by then is
    /// reused.
    /// </exception>
    public Task<CopyReport> CopyToAsync(Repository destination, CopyOptions options, CancellationToken cancellation = default) =>
        new SnapshotCopier(this, destination, options).RunAsync(cancellation);

    /// <summary>
    /// Copies the files of the repository unchanged, except locks. The caller holds a lock on it. The mirror opens with
    /// the same passwords.
    /// </summary>
    /// <param name="mirror">The destination: an empty location, or an earlier mirror of this repository.</param>
    /// <param name="password">The password of this repository, and so of the mirror, which is locked meanwhile.</param>
    /// <param name="options">The options of the mirror.</param>
    /// <param name="cancellation">
    /// Cancels the mirroring; the mirror is consistent then, and the next run continues.
    /// </param>
    /// <exception cref="ResticException">
    /// Occupied: the destination contains something else. NoSuchName: --delete would remove all snapshots.
    /// </exception>
    public Task<MirrorReport> MirrorToAsync(IBackend mirror, string password, MirrorOptions options, CancellationToken cancellation = default) =>
        new RepositoryMirror(this, mirror, password, options).RunAsync(cancellation);

    /// <summary>Returns the locks that other processes hold, or have left behind.</summary>
    public async Task<IReadOnlyList<LockInfo>> ListLocksAsync(CancellationToken cancellation = default) =>
        [.. (await new LockStore(this).ListAsync(except: default, cancellation)).Select(found => found.ToInfo())];

    /// <summary>Removes locks: stale ones, or all. Returns the removed locks.</summary>
    public Task<IReadOnlyList<LockInfo>> UnlockAsync(bool all, CancellationToken cancellation = default) => new LockStore(this).UnlockAsync(all, cancellation);

    /// <summary>Returns the sizes of the repository.</summary>
    public Task<RepositoryStatistics> StatisticsAsync(CancellationToken cancellation = default) => new Statistics(this).RunAsync(cancellation);

    /// <summary>
    /// Measures the space that groups of directories take, of each alone, and of what no other group needs. Damaged
    /// when a tree cannot be read.
    /// </summary>
    public Task<IReadOnlyList<DataShare>> WeighSharesAsync(
        IReadOnlyList<(string Name, IReadOnlyList<Id> Trees)> groups, CancellationToken cancellation = default) =>
        new DataShares(this).WeighAsync(groups, cancellation);
}
