using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Removes packs from the index: index files that list one are replaced, as are small ones when there are many. The new
/// files exist before the old ones are removed, so that all other packs are indexed at every instant.
/// </summary>
internal sealed class IndexRewriter(Repository repository)
{
    /// <summary>restic finishes an index file at this many blobs.</summary>
    private const int FullFile = 50_000;

    private const int SmallFile = 10_000, ManySmall = 10;

    private readonly List<IndexedPack> _waiting = [];
    private readonly HashSet<PackLayout> _listed = [];
    private int _blobs;

    /// <summary>Returns the packs of one index file.</summary>
    /// <exception cref="ResticException">Damaged: it cannot be read, or lists impossible entries.</exception>
    public static async Task<List<IndexedPack>> ReadAsync(Repository repository, string name, CancellationToken cancellation)
    {
        var json = await repository.LoadUnpackedAsync(FileKind.Index, name, cancellation);
        var packs = StoredFiles.Parse(FileKind.Index, name, json, bytes => IndexCodec.Read(bytes.Span));
        return packs.All(pack => pack.Impossible == 0)
            ? packs
            : throw new ResticException(ResticError.Damaged, $"The index {name} has entries whose lengths cannot be.");
    }

    /// <summary>Replaces the index files that need it. No other process may use the repository meanwhile.</summary>
    /// <param name="names">The names of all index files.</param>
    /// <param name="going">The packs to remove from the index.</param>
    /// <param name="cancellation">Cancels between two files; the index is equivalent to the old one then.</param>
    public async Task RunAsync(IReadOnlySet<string> names, IReadOnlySet<Id> going, CancellationToken cancellation)
    {
        var replaced = new List<string>();
        var mergesSmall = await CountSmallAsync(names, cancellation) >= ManySmall;
        foreach (var name in names)
        {
            var packs = await ReadAsync(repository, name, cancellation);
            var isSmall = packs.Sum(pack => pack.Blobs.Count) < SmallFile;
            if (!packs.Any(pack => going.Contains(pack.Id)) && !(isSmall && mergesSmall)) continue;
            replaced.Add(name);
            foreach (var pack in packs.Where(pack => !going.Contains(pack.Id))) await AddAsync(pack, cancellation);
        }
        await WriteAsync(cancellation);
        foreach (var name in replaced) await repository.Backend.RemoveAsync(FileKind.Index, name, cancellation);
    }

    /// <summary>Counts small index files by their size: about 150 bytes per blob, at least 50 when compressed.</summary>
    private async Task<int> CountSmallAsync(IReadOnlySet<string> names, CancellationToken cancellation)
    {
        var small = 0;
        await foreach (var stored in repository.Backend.ListAsync(FileKind.Index, cancellation))
            if (names.Contains(stored.Name) && stored.Size < SmallFile * 50L) small++;
        return small;
    }

    private async Task AddAsync(IndexedPack pack, CancellationToken cancellation)
    {
        if (!_listed.Add(PackLayout.Of(pack.Id, pack.Blobs))) return; // an interrupted prune leaves both old and new files
        _waiting.Add(pack);
        _blobs += pack.Blobs.Count;
        if (_blobs >= FullFile) await WriteAsync(cancellation);
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        if (_waiting.Count == 0) return;
        await repository.SaveUnpackedAsync(FileKind.Index, IndexCodec.Write(_waiting), cancellation);
        _waiting.Clear();
        _blobs = 0;
    }
}
