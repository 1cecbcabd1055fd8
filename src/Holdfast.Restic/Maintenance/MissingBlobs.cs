using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Reports blobs that trees need and no index lists, and whether a pack without an index still has them.
/// </summary>
internal sealed class MissingBlobs(Repository repository, PackSurvey packs, Findings findings)
{
    // Nearly every header is shorter; a longer one takes a second read.
    private const int FirstTail = 64 << 10;

    public async Task ReportAsync(CancellationToken cancellation)
    {
        if (findings.Missing.Count == 0) return;
        var wanted = findings.Missing.ToHashSet();
        var count = wanted.Count;
        foreach (var pack in packs.Unindexed) wanted.ExceptWith(await BlobsOfAsync(pack, cancellation));
        var rescue = wanted.Count == count
            ? "No pack without an index has them."
            : $"{count - wanted.Count} of them are in packs that no index lists: rebuilding the index from the packs brings them back.";
        findings.Add("index", $"{count} blobs that snapshots need are in no readable index. {rescue}", findings.Missing.Select(blob => blob.Id));
    }

    /// <summary>
    /// Returns the blobs in the header of a pack; none when it cannot be read, because then the pack cannot supply
    /// them.
    /// </summary>
    private async Task<IEnumerable<(Id Id, BlobType Type)>> BlobsOfAsync(Id pack, CancellationToken cancellation)
    {
        try
        {
            var tail = await ReadTailAsync(pack, FirstTail, cancellation);
            var needed = PackHeader.LengthSize + (long)BitConverter.ToUInt32(tail.AsSpan()[^PackHeader.LengthSize..]);
            if (needed > tail.Length) tail = await ReadTailAsync(pack, (int)Math.Min(needed, PackHeader.MaxSize), cancellation);
            return PackHeader.ReadFromPack(tail, repository.Sealers).Select(entry => (entry.Id, entry.Type));
        }
        catch (Exception failure) when (failure is InvalidDataException or ArgumentException or ResticException { Error: ResticError.Damaged or ResticError.NotFound })
        {
            return [];
        }
    }

    private async Task<byte[]> ReadTailAsync(Id pack, int length, CancellationToken cancellation)
    {
        var size = packs.Stored[pack];
        var tail = new byte[Math.Min(size, length)];
        await repository.Backend.ReadAsync(FileKind.Pack, pack.ToString(), size - tail.Length, tail, cancellation);
        return tail;
    }
}
