using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Indexing;

/// <summary>Reads all index files of a repository into one index.</summary>
internal sealed class IndexLoader(IBackend backend, StoredFiles files)
{
    /// <summary>A few at once: parsing one costs as much as reading one.</summary>
    public async Task<BlobIndex> LoadAsync(int parallelism, CancellationToken cancellation)
    {
        var index = new BlobIndex();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellation };
        await Parallel.ForEachAsync(backend.ListAsync(FileKind.Index, cancellation), options, async (stored, token) =>
        {
            foreach (var pack in await ReadAsync(stored.Name, token))
                foreach (var (id, blob) in pack.Blobs)
                    index.Add(id, blob);
        });
        return index;
    }

    /// <summary>One index file. Damaged when it is not what was written.</summary>
    public async Task<List<IndexedPack>> ReadAsync(string name, CancellationToken cancellation) => StoredFiles.Parse(
        FileKind.Index, name, await files.LoadAsync(FileKind.Index, name, cancellation), json => IndexCodec.Read(json.Span));
}
