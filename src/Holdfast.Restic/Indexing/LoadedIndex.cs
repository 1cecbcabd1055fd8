using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Indexing;

/// <summary>
/// The index of an open repository: loaded on first use, kept up to date with what this process adds, and refreshed on
/// request with what other processes have added or removed.
/// </summary>
internal sealed class LoadedIndex(IBackend backend, StoredFiles files) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _own = new(StringComparer.Ordinal);
    private readonly List<ResticException> _unreadable = [];
    private BlobIndex? _index;

    public async Task<BlobIndex> GetAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return _index ??= await LoadAsync(cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Adds what other processes have stored since. When an index file no longer exists, another process has removed or
    /// moved blobs, and everything is read again: a blob that is wrongly believed to exist would be missing from the
    /// next snapshot's packs.
    /// </summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_index is null) return;
            var listed = await ListAsync(cancellation);
            string[] known;
            lock (_known) known = [.. _known];
            if (!listed.IsSupersetOf(known)) _index = await LoadAsync(cancellation);
            else foreach (var name in listed.Except(known, StringComparer.Ordinal)) await AddAsync(_index, name, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Records an index file that this process stored, whose blobs have already been added.</summary>
    public void Know(Id name)
    {
        lock (_known)
        {
            _known.Add(name.ToString());
            _own.Add(name.ToString());
        }
    }

    /// <summary>Returns true for an index file that this process has stored.</summary>
    public bool IsOwn(string name)
    {
        lock (_known) return _own.Contains(name);
    }

    /// <summary>The names of the index files that were read, or stored by this process.</summary>
    public IReadOnlyCollection<string> Known
    {
        get
        {
            lock (_known) return [.. _known];
        }
    }

    /// <summary>
    /// The failure of each index file that cannot be read: the packs that it lists count as missing. Empty before the
    /// index is loaded.
    /// </summary>
    public IReadOnlyList<ResticException> Unreadable
    {
        get
        {
            lock (_known) return [.. _unreadable];
        }
    }

    /// <summary>
    /// Discards the index because blobs that were added are in no stored index file; it is read again.
    /// </summary>
    public async Task DropAsync()
    {
        await _turn.WaitAsync();
        _index = null;
        _turn.Release();
    }

    /// <summary>Replaces the loaded index with one that was read completely from the files of these names.</summary>
    public async Task AdoptAsync(BlobIndex index, IEnumerable<string> names)
    {
        await _turn.WaitAsync();
        lock (_known)
        {
            _known.Clear();
            _known.UnionWith(names);
            _unreadable.Clear();
        }
        _index = index;
        _turn.Release();
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>A few files at once: parsing one costs as much as reading one.</summary>
    private async Task<BlobIndex> LoadAsync(CancellationToken cancellation)
    {
        lock (_known)
        {
            _known.Clear();
            _unreadable.Clear();
        }
        var index = new BlobIndex();
        var options = new ParallelOptions { MaxDegreeOfParallelism = backend.Concurrency, CancellationToken = cancellation };
        await Parallel.ForEachAsync(await ListAsync(cancellation), options, async (name, token) => await AddAsync(index, name, token));
        return index;
    }

    /// <summary>Removes files from the local cache that are no longer listed.</summary>
    private async Task<HashSet<string>> ListAsync(CancellationToken cancellation)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var stored in backend.ListAsync(FileKind.Index, cancellation)) names.Add(stored.Name);
        files.Cache?.Keep(FileKind.Index, names);
        return names;
    }

    private async Task AddAsync(BlobIndex index, string name, CancellationToken cancellation)
    {
        try
        {
            foreach (var pack in await ReadAsync(name, cancellation)) index.Add(pack.Blobs);
        }
        catch (ResticException failure) when (failure.IsLoss || failure.Error == ResticError.Unsupported)
        {
            lock (_known) _unreadable.Add(failure); // one unreadable file must not hide what the others list
        }
        lock (_known) _known.Add(name);
    }

    /// <summary>Reads one index file. Damaged when it does not match its name.</summary>
    private async Task<List<IndexedPack>> ReadAsync(string name, CancellationToken cancellation) => StoredFiles.Parse(
        FileKind.Index, name, await files.LoadAsync(FileKind.Index, name, cancellation), json => IndexCodec.Read(json.Span));
}
