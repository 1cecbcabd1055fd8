using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// The content of all readable index files of a repository. A damaged one is a finding and does not end the check: its
/// packs then have no index, which the check reports as well.
/// </summary>
internal sealed class IndexSurvey(Repository repository, Findings findings, CheckOptions asked)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Id> _differing = [];
    private readonly List<string> _names = [];
    private IReadOnlyCollection<string> _known = [];

    public BlobIndex Blobs { get; } = new();

    public Dictionary<Id, PackLayout> Packs { get; } = [];

    /// <summary>Packs in index files that this process wrote.</summary>
    public HashSet<Id> OwnPacks { get; } = [];

    /// <summary>Names of the index files that cannot be read.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>
    /// Reads every index file. The index that was loaded before is released first: there is no memory for two of them.
    /// </summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        _known = repository.KnownIndexes;
        await repository.DropIndexAsync();
        await ForEachIndexAsync(Take, ReportUnreadable, cancellation);
        if (Unreadable.Count == 0) await repository.AdoptIndexAsync(Blobs, _names);
        foreach (var (pack, blobs) in await BlobsOfAsync(_differing, cancellation)) Packs[pack] = PackLayout.Of(pack, blobs);
        foreach (var layout in Packs.Values) Judge(layout);
    }

    /// <summary>
    /// Returns every blob of some packs, sorted by offset. The index files are read again: this is for the few packs
    /// with problems.
    /// </summary>
    public async Task<IReadOnlyDictionary<Id, List<(Id Id, PackedBlob Blob)>>> BlobsOfAsync(IReadOnlySet<Id> wanted, CancellationToken cancellation)
    {
        var found = new Dictionary<Id, HashSet<(Id Id, PackedBlob Blob)>>();
        if (wanted.Count > 0)
        {
            await ForEachIndexAsync((_, packs) =>
            {
                foreach (var pack in packs.Where(pack => wanted.Contains(pack.Id)))
                    (found.TryGetValue(pack.Id, out var blobs) ? blobs : found[pack.Id] = []).UnionWith(pack.Blobs);
            }, (_, _) => { }, cancellation);
        }
        return found.ToDictionary(item => item.Key, item => item.Value.OrderBy(entry => entry.Blob.Offset).ToList());
    }

    private async Task ForEachIndexAsync(Action<string, List<IndexedPack>> take, Action<string, ResticException> report, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(await ListAsync(cancellation), options, async (name, token) =>
        {
            try
            {
                var json = await repository.LoadUnpackedAsync(FileKind.Index, name, token, asked.MayBeCached);
                var packs = StoredFiles.Parse(FileKind.Index, name, json, bytes => IndexCodec.Read(bytes.Span));
                lock (_gate) take(name, packs);
            }
            catch (ResticException failure) when (failure.Error is ResticError.Damaged or ResticError.Unsupported)
            {
                lock (_gate) report(name, failure);
            }
        });
    }

    /// <summary>The lock keeps other processes from removing an index file that this process knows.</summary>
    private async Task<IReadOnlyCollection<string>> ListAsync(CancellationToken cancellation)
    {
        if (asked.OnlyOwn) return _known;
        var names = new List<string>();
        await foreach (var file in repository.Backend.ListAsync(FileKind.Index, cancellation)) names.Add(file.Name);
        return names;
    }

    private void ReportUnreadable(string name, ResticException failure)
    {
        Unreadable.Add(name);
        findings.Add(Layout.PathOf(FileKind.Index, name), failure.Message);
    }

    private void Take(string name, List<IndexedPack> packs)
    {
        _names.Add(name);
        if (packs.Sum(pack => pack.Impossible) is > 0 and var count)
            findings.Add(Layout.PathOf(FileKind.Index, name), $"The index has {count} entries whose lengths can't be; they are passed over.");
        if (repository.HasWrittenIndex(name)) OwnPacks.UnionWith(packs.Select(pack => pack.Id));
        foreach (var pack in packs)
        {
            var layout = PackLayout.Of(pack.Id, pack.Blobs);
            if (!Packs.TryAdd(pack.Id, layout))
            {
                findings.AddHint($"{Layout.PathOf(FileKind.Pack, pack.Id.ToString())} is listed more than once in the index.");
                if (Packs[pack.Id] != layout) _differing.Add(pack.Id); // older versions spread a pack over several index files
            }
            Blobs.Add(pack.Blobs);
        }
    }

    private void Judge(PackLayout layout)
    {
        var file = Layout.PathOf(FileKind.Pack, layout.Pack.ToString());
        if (layout.Blobs == 0) findings.Add(file, "The index lists the pack without blobs.");
        if (!layout.IsContiguous) findings.Add(file, "The index has gaps or overlapping blobs in the pack.");
        if (layout.IsMixed) findings.AddHint($"{file} holds data and trees, as very old versions wrote it.");
    }
}
