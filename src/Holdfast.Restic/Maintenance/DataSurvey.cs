using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Reads packs completely: the file's digest is its name, its header is the one that follows from the index, and every
/// blob authenticates, decompresses and hashes to its id. Packs of a rotation were verified this way when they were
/// stored: the digest of their bytes shows whether the disk still has them. It reads as many packs concurrently as the
/// repository has workers.
/// </summary>
internal sealed class DataSurvey(Repository repository, IndexSurvey indexes, PackSurvey packs, CheckedBlobs copies, Findings findings, CheckCounters counters)
{
    /// <summary>Reads the packs that the options select; returns null when they request no rotation.</summary>
    public async Task<TurnReport?> RunAsync(CheckOptions asked, CancellationToken cancellation)
    {
        // A missing pack has already been reported.
        var there = indexes.Packs.Keys.Where(packs.Stored.ContainsKey).ToList();
        var selected = asked.ReadData is { } subset ? PackSelection.Of(there, subset).ToHashSet() : [];
        if (asked.OwnPacks) selected.UnionWith(indexes.OwnPacks.Where(packs.Stored.ContainsKey));
        var (turn, endsRound) = asked.Turn is { } next ? PackSelection.Of(packs.Stored, there, next) : ([], false);
        List<Id> all = [.. selected.Union(turn).Order()];
        await ReadAsync(all, selected, asked.FromDisk, cancellation);
        return asked.Turn is null ? null : new TurnReport(turn.LastOrDefault(), endsRound, !all.Any(pack => findings.IsDamaged(FileOf(indexes.Packs[pack]))));
    }

    private async Task ReadAsync(List<Id> all, HashSet<Id> blobByBlob, bool fromDisk, CancellationToken cancellation)
    {
        counters.PacksTotal = all.Count;
        var options = new ParallelOptions { MaxDegreeOfParallelism = repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(all, options, async (pack, token) =>
        {
            if (fromDisk) await ForgetAsync(pack, token);
            await CheckAsync(indexes.Packs[pack], packs.Stored[pack], blobByBlob.Contains(pack), token);
            if (fromDisk) await ForgetAsync(pack, token);
            Interlocked.Increment(ref counters.PacksDone);
        });
    }

    /// <summary>A pack that cannot even be opened is reported when it is read.</summary>
    private async Task ForgetAsync(Id pack, CancellationToken cancellation)
    {
        try
        {
            await repository.Backend.ForgetCachedAsync(FileKind.Pack, pack.ToString(), cancellation);
        }
        catch (ResticException failure) when (failure.IsLoss || failure.Error == ResticError.InputOutput)
        {
            // None of its pages is in memory.
        }
    }

    private async Task CheckAsync(PackLayout layout, long size, bool blobByBlob, CancellationToken cancellation)
    {
        try
        {
            if (!await IsWholeAsync(layout, size, blobByBlob, cancellation)) await ExplainAsync(layout, size, cancellation);
        }
        catch (ResticException failure) when (failure.Error is ResticError.Damaged or ResticError.NotFound or ResticError.InputOutput)
        {
            // A bad sector is an I/O error: the pack is lost, and the check continues with the next one.
            var blobs = await indexes.BlobsOfAsync(new HashSet<Id> { layout.Pack }, cancellation);
            findings.Add(FileOf(layout), $"The pack can't be read: {failure.Message}", await copies.LostAsync(blobs[layout.Pack], cancellation));
        }
    }

    /// <summary>Verifies a pack in one sequential read; true when it is undamaged.</summary>
    private async Task<bool> IsWholeAsync(PackLayout layout, long size, bool blobByBlob, CancellationToken cancellation)
    {
        if (size != layout.Size || !layout.IsContiguous) return false;
        using var reading = new PackReading(repository, layout.Pack, size, counters);
        var tail = await reading.ReadTailAsync(layout.TailLength, cancellation);
        if (!TryReadHeader(layout, tail, out var entries)) return false;
        var digest = blobByBlob ? await reading.VerifyAsync(entries, tail, cancellation) : await reading.DigestAsync(cancellation);
        if (digest != layout.Pack || reading.Damaged.Count > 0) return false;
        if (reading.Whole is { } whole && entries is [{ Type: BlobType.Tree }, ..])
            repository.Cache?.Save(FileKind.Pack, layout.Pack.ToString(), whole);
        return true;
    }

    /// <summary>Finds the blobs of the index that cannot be read from a pack that is known to be damaged.</summary>
    private async Task ExplainAsync(PackLayout layout, long size, CancellationToken cancellation)
    {
        var file = FileOf(layout);
        using var reading = new PackReading(repository, layout.Pack, size, counters);
        var blobs = (await indexes.BlobsOfAsync(new HashSet<Id> { layout.Pack }, cancellation))[layout.Pack];
        foreach (var (id, blob) in blobs) await reading.VerifyAsync(id, blob, cancellation);
        if (reading.Damaged.Count > 0)
        {
            var damaged = reading.Damaged.ToHashSet();
            var lost = await copies.LostAsync(blobs.Where(item => damaged.Contains(item.Id)), cancellation);
            findings.Add(file, $"{reading.Damaged.Count} of {blobs.Count} blobs in the pack are damaged.", lost);
        }
        if (await HeaderComplaintAsync(reading, layout, size, cancellation) is { } complaint) findings.Add(file, complaint);
        var digest = await reading.DigestAsync(cancellation);
        if (digest != layout.Pack) findings.Add(file, $"The SHA-256 of the pack is not its name but {digest}.");
        // A disk or memory that returns different bytes every time must not pass as healthy.
        if (!findings.IsDamaged(file)) findings.Add(file, "The pack was damaged when it was first read and whole when it was read again.");
    }

    private async Task<string?> HeaderComplaintAsync(PackReading reading, PackLayout layout, long size, CancellationToken cancellation)
    {
        try
        {
            var tail = await reading.ReadTailAsync((int)Math.Min(size, PackHeader.MaxSize + PackHeader.LengthSize), cancellation);
            var entries = PackHeader.ReadFromPack(tail, repository.Sealers);
            return Id.Hash(PackHeader.Write(entries)) == layout.HeaderDigest ? null : "The header of the pack lists other blobs than the index.";
        }
        catch (InvalidDataException failure)
        {
            return failure.Message;
        }
    }

    private bool TryReadHeader(PackLayout layout, byte[] tail, out List<PackEntry> entries)
    {
        try
        {
            entries = PackHeader.ReadFromPack(tail, repository.Sealers);
            return Id.Hash(PackHeader.Write(entries)) == layout.HeaderDigest;
        }
        catch (InvalidDataException)
        {
            entries = [];
            return false;
        }
    }

    private static string FileOf(PackLayout layout) => Layout.PathOf(FileKind.Pack, layout.Pack.ToString());
}
