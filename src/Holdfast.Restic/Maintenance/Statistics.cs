using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>Measures a repository by its listings and its index; no pack is read.</summary>
internal sealed class Statistics(Repository repository)
{
    public async Task<RepositoryStatistics> RunAsync(CancellationToken cancellation)
    {
        long stored = 0;
        var files = new Dictionary<FileKind, (int Count, long Bytes)>();
        foreach (var kind in Enum.GetValues<FileKind>())
        {
            files[kind] = await WeighAsync(kind, cancellation);
            stored += files[kind].Bytes;
        }
        long data = 0, trees = 0, plain = 0;
        foreach (var blob in (await repository.LoadWholeIndexAsync(cancellation)).Places)
        {
            if (blob.Type == BlobType.Data) data++;
            else trees++;
            plain += blob.PlainLength;
        }
        var packs = files[FileKind.Pack];
        return new RepositoryStatistics(files[FileKind.Snapshot].Count, packs.Count, packs.Bytes, data, trees, plain, stored);
    }

    private async Task<(int Count, long Bytes)> WeighAsync(FileKind kind, CancellationToken cancellation)
    {
        var (count, bytes) = (0, 0L);
        await foreach (var file in repository.Backend.ListAsync(kind, cancellation)) (count, bytes) = (count + 1, bytes + file.Size);
        return (count, bytes);
    }
}
