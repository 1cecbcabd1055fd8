using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Copying;

/// <summary>
/// Copies snapshots into another repository. It writes packs, indexes periodically, verifies everything written, and
/// then writes the snapshots: after any interruption the destination is consistent, and the next copy continues. See
/// docs/decisions/0065-copies.md.
/// </summary>
internal sealed class SnapshotCopier(Repository source, Repository destination, CopyOptions options)
{
    private readonly Findings _findings = new();

    public async Task<CopyReport> RunAsync(CancellationToken cancellation)
    {
        await source.RefreshAsync(cancellation);
        await destination.RefreshAsync(cancellation);
        var there = (await destination.ListReadableSnapshotsAsync(cancellation)).Snapshots;
        var lacking = SnapshotCopies.Lacking(options.Snapshots, there).OrderBy(snapshot => snapshot.Time).ToList();
        var report = new CopyReport { Present = options.Snapshots.Count - lacking.Count };
        return lacking.Count == 0 ? report : await CopyAsync(lacking, report, cancellation);
    }

    private async Task<CopyReport> CopyAsync(
        List<Snapshot> lacking, CopyReport report, CancellationToken cancellation)
    {
        var blobs = new CheckedBlobs(source, await source.LoadIndexAsync(cancellation), mayBeCached: true);
        var needed = new UsedBlobs(blobs, NoteLost);
        await needed.AddAsync(lacking.Select(snapshot => snapshot.Tree), source.Options.Workers, cancellation);
        report = await StoreAsync(blobs, needed, report, cancellation);
        var uncopied = await TraceAsync(blobs, lacking, cancellation);
        var whole = Without(lacking, uncopied);
        if (options.PlanOnly || whole.Count == 0) return report with { Copied = whole, Uncopied = uncopied };
        var verified = await VerifyAsync(whole, cancellation);
        uncopied = [.. uncopied, .. Uncopied(whole, verified.Damages, inDestination: true)];
        var copied = await SaveAsync(Without(whole, uncopied), cancellation);
        return report with { Copied = copied, Uncopied = uncopied, PacksVerified = verified.PacksRead };
    }

    /// <summary>Copies the blobs; a dry run counts them. They are durable and indexed when it returns.</summary>
    private async Task<CopyReport> StoreAsync(
        CheckedBlobs blobs, UsedBlobs needed, CopyReport report, CancellationToken cancellation)
    {
        var present = await destination.LoadWholeIndexAsync(cancellation);
        var copier = new BlobCopier(source, destination, needed, blobs.Index, present, _findings, options.Counters);
        var (count, bytes) = await copier.WeighAsync(cancellation);
        options.Counters.BytesTotal = bytes;
        if (options.PlanOnly) return report with { Blobs = count, BytesRead = bytes };
        if (count > 0) await StoreAsync(copier, present, cancellation);
        var (read, written) = (options.Counters.BytesRead, options.Counters.Written);
        return report with { Blobs = written.BlobsAdded, BytesRead = read, BytesWritten = written.BytesStored };
    }

    private async Task StoreAsync(BlobCopier copier, BlobIndex present, CancellationToken cancellation)
    {
        var buffers = destination.LendBuffers();
        var writer = new BlobWriter(destination, present, options.Counters.Written, buffers);
        try
        {
            await copier.CopyAsync(writer, cancellation);
            await writer.FlushAsync(cancellation);
            writer.End();
        }
        catch
        {
            await KeepFindableAsync(writer);
            throw;
        }
        finally
        {
            writer.Dispose();
            destination.TakeBack(buffers);
        }
    }

    /// <summary>Writes an index of what was stored before a failure, unless that fails as well.</summary>
    private async Task KeepFindableAsync(BlobWriter writer)
    {
        try
        {
            await writer.WriteIndexAsync(CancellationToken.None);
        }
        catch (ResticException)
        {
            await destination.DropIndexAsync(); // the failure that ended the copy is the one to report
        }
    }

    private void NoteLost(Id id, BlobType type, PackedBlob? place, string message)
    {
        if (place is null) _findings.AddMissing(id, type);
        else _findings.Add(Layout.PathOf(FileKind.Pack, place.Value.Pack.ToString()), message, id);
    }

    /// <summary>Finds the snapshots that need damaged or missing data.</summary>
    private async Task<IReadOnlyList<UncopiedSnapshot>> TraceAsync(
        CheckedBlobs blobs, IReadOnlyList<Snapshot> lacking, CancellationToken cancellation)
    {
        if (_findings.Missing is { Count: > 0 } missing)
        {
            var message = $"{missing.Count} blobs are in no index that can be read.";
            _findings.Add("index", message, missing.Select(blob => blob.Id));
        }
        if (_findings.Damaged.Count == 0) return [];
        var damages = await new DamageTrace(blobs, _findings.Damaged).RunAsync(lacking, cancellation);
        return [.. Uncopied(lacking, damages, inDestination: false)];
    }

    /// <summary>Verifies all packs that were written, and walks the trees of the snapshots to be saved.</summary>
    private Task<CheckReport> VerifyAsync(IReadOnlyList<Snapshot> whole, CancellationToken cancellation)
    {
        var isRemote = destination.Backend.IsRemote;
        var check = new CheckOptions
        {
            Sealed = whole, OwnPacks = true, FromDisk = true, MayBeCached = isRemote, OnlyOwn = isRemote,
            Counters = options.Counters.Verified,
        };
        return destination.CheckAsync(check, cancellation);
    }

    private static IEnumerable<UncopiedSnapshot> Uncopied(
        IReadOnlyList<Snapshot> snapshots, IReadOnlyList<Damage> damages, bool inDestination) =>
        from snapshot in snapshots
        let damage = damages.FirstOrDefault(damage => damage.Snapshots.Contains(snapshot.Id))
        where damage is not null
        select new UncopiedSnapshot(snapshot, $"'{damage.File}': {damage.Message}", inDestination);

    private static IReadOnlyList<Snapshot> Without(
        IReadOnlyList<Snapshot> all, IReadOnlyList<UncopiedSnapshot> uncopied)
    {
        var left = uncopied.Select(one => one.Snapshot.Id).ToHashSet();
        return [.. all.Where(snapshot => !left.Contains(snapshot.Id))];
    }

    private async Task<IReadOnlyList<Snapshot>> SaveAsync(
        IReadOnlyList<Snapshot> verified, CancellationToken cancellation)
    {
        var saved = new List<Snapshot>();
        foreach (var copy in verified.Select(SnapshotCopies.Of))
        {
            var json = SnapshotCodec.Encode(copy);
            var id = await destination.SaveUnpackedAsync(FileKind.Snapshot, json, cancellation);
            saved.Add(copy with { Id = id });
        }
        return saved;
    }
}
