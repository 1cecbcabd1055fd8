using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.WalReceive;

/// <summary>
/// Stores received WAL. A whole segment is stored in the archive like every other one; one that is still being written
/// is a snapshot with the tag "streamed", which the next such snapshot replaces.
/// </summary>
internal sealed class StreamedStore(Repository repository, WalCatalogue catalogue, TimeSpan wait, TimeProvider clock) : IAsyncDisposable
{
    private readonly LockLease _lease = new(repository, wait, TimeSpan.FromMinutes(5), clock);

    /// <summary>The cluster from which WAL is received.</summary>
    public WalIdentity? Identity { get; set; }

    /// <summary>Stores a file; it is durable on return.</summary>
    public async Task StoreAsync(WalSource source, CancellationToken cancellation)
    {
        var held = await _lease.HoldAsync(cancellation);
        try
        {
            await held.KeepForAsync(token => AddAsync(source, token), cancellation);
        }
        finally
        {
            // Seconds pass until the next one: other processes can lock the repository meanwhile.
            await _lease.ReleaseAsync();
        }
    }

    public ValueTask DisposeAsync() => _lease.DisposeAsync();

    private async Task<bool> AddAsync(WalSource source, CancellationToken cancellation)
    {
        await catalogue.RefreshAsync(cancellation);
        if (source.File.Kind == WalFileKind.Partial) await StorePartAsync(source, cancellation);
        else await StoreWholeAsync(source, cancellation);
        await ForgetAsync(source.File, cancellation);
        return true;
    }

    private async Task StoreWholeAsync(WalSource source, CancellationToken cancellation)
    {
        var problems = await new WalArchive(repository, catalogue).StoreAsync([source], cancellation);
        if (problems.TryGetValue(source.File.Name, out var problem)) throw new ProblemException(problem);
    }

    private async Task StorePartAsync(WalSource source, CancellationToken cancellation)
    {
        await using var writer = await repository.BeginSnapshotAsync(cancellation: cancellation);
        await using var content = source.Open();
        var path = WalPath.Of(catalogue.Cluster, source.File);
        await writer.AddStreamAsync(path, content, source.Metadata, cancellation);
        var header = new SnapshotHeader
        {
            Paths = [path], Hostname = Environment.MachineName, Username = Environment.UserName, Tags = WalTags.Of(catalogue.Platform, catalogue.Cluster, Identity, isStreamed: true),
        };
        await catalogue.AddAsync(await writer.CommitAsync(header, cancellation), [source.File.Name], cancellation);
    }

    /// <summary>
    /// Forgets the snapshots of this segment and of earlier ones on its timeline, which are not needed any more; but
    /// the end of a timeline that was left exists only in its streamed snapshot, which is kept. A process that has just
    /// listed snapshots would fail when one is removed, so while another process holds a lock it stays until the next
    /// call.
    /// </summary>
    private async Task ForgetAsync(WalFile stored, CancellationToken cancellation)
    {
        if (stored.Kind == WalFileKind.History) return;
        var old = catalogue.StreamedSnapshots.Where(snapshot => snapshot.Paths.All(path => WalFile.Find(Path.GetFileName(path))?.Segment.Timeline == stored.Segment.Timeline)).SkipLast(stored.Kind == WalFileKind.Partial ? 1 : 0).ToList();
        if (old.Count == 0 || (await repository.ListLocksAsync(cancellation)).Count(held => !held.Stale) > 1) return;
        foreach (var snapshot in old) await repository.ForgetAsync(snapshot.Id, cancellation);
        await catalogue.RefreshAsync(cancellation);
    }
}
