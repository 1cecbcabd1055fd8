using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Points;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// The WAL of a cluster in a repository, in WAL snapshots and in recovery points. A small WAL snapshot lists its files
/// in its paths, so that hundreds of them are read without a single tree; folders of larger ones are read once, however
/// many snapshots share them. Its methods are thread-safe.
/// </summary>
/// <param name="repository">The repository to read.</param>
/// <param name="platform">The platform's name.</param>
/// <param name="cluster">The cluster's name.</param>
/// <param name="system">
/// The cluster's system identifier, to exclude WAL of another cluster that had the same name; null for any.
/// </param>
internal sealed class WalCatalogue(Repository repository, string platform, string cluster, ulong? system = null) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    // Never modified, only replaced: readers need no lock.
    private IReadOnlyDictionary<Id, Holding> _snapshots = new Dictionary<Id, Holding>();
    private readonly Dictionary<Id, IReadOnlyList<string>> _folders = [];
    private (Id Tree, IReadOnlyList<Node> Nodes) _lastFolder;
    private Dictionary<string, Id> _files = new(StringComparer.Ordinal);
    private HashSet<string> _archived = new(StringComparer.Ordinal);

    /// <summary>
    /// The WAL files of a snapshot; a snapshot without WAL of the cluster has none, and is not read again.
    /// </summary>
    private sealed record Holding(Snapshot? Snapshot, IReadOnlyList<string> Files, bool IsStreamed);

    public string Platform => platform;

    public string Cluster => cluster;

    /// <summary>The identity of the cluster that wrote the WAL; null while it is unknown.</summary>
    public WalIdentity? Identity { get; private set; }

    /// <summary>All files, by name.</summary>
    public IEnumerable<WalFile> Files => _files.Keys.Select(WalFile.Find).OfType<WalFile>().OrderBy(file => file.Name, StringComparer.Ordinal);

    /// <summary>Whole segments without a gap, by timeline.</summary>
    public IReadOnlyList<WalRange> Ranges => WalRange.Of(Segments, SegmentSize);

    public IEnumerable<WalSegment> Segments => _files.Keys.Where(name => name.Length == WalSegment.NameLength).Select(WalSegment.Parse);

    /// <summary>The segment size in bytes; the default size while it is unknown.</summary>
    public int SegmentSize => Identity?.SegmentSize ?? WalSegment.UsualSize;

    /// <summary>The last segment of the newest timeline.</summary>
    public WalSegment? Newest => Segments.Select(segment => (WalSegment?)segment).Max();

    /// <summary>The snapshots that hold WAL alone, oldest first: those that can be combined.</summary>
    public IReadOnlyList<Snapshot> WalSnapshots =>
        [.. _snapshots.Values.Where(held => held.Snapshot is not null && !held.IsStreamed && WalTags.AreOf(held.Snapshot, platform, cluster)).Select(held => held.Snapshot!).OrderBy(snapshot => snapshot.Time)];

    /// <summary>The snapshots of segments that were still being written when they were received, oldest first.</summary>
    public IReadOnlyList<Snapshot> StreamedSnapshots => [.. _snapshots.Values.Where(held => held.IsStreamed).Select(held => held.Snapshot!).OrderBy(snapshot => snapshot.Time)];

    public static Task<WalCatalogue> ReadAsync(Repository repository, string platform, string cluster, CancellationToken cancellation) =>
        ReadAsync(repository, platform, cluster, system: null, cancellation);

    public static async Task<WalCatalogue> ReadAsync(Repository repository, string platform, string cluster, ulong? system, CancellationToken cancellation)
    {
        var catalogue = new WalCatalogue(repository, platform, cluster, system);
        await catalogue.RefreshAsync(cancellation);
        return catalogue;
    }

    /// <summary>The segments in recovery points, at which replay can begin.</summary>
    public IEnumerable<WalSegment> PointSegments =>
        _snapshots.Values.Where(held => held.Snapshot is not null && PointTags.IsPoint(held.Snapshot)).SelectMany(held => held.Files).Where(name => name.Length == WalSegment.NameLength).Select(WalSegment.Parse);

    /// <summary>True for a segment that was still being written when it was received.</summary>
    public bool IsStreamed(string name) => _files.TryGetValue(name, out var id) && _snapshots.TryGetValue(id, out var held) && held.IsStreamed;

    /// <summary>
    /// True for the beginning of a segment: received while it was being written, or stored up to the mark of a standby.
    /// False for the last segment of a timeline.
    /// </summary>
    public bool HasPart(string name) => IsStreamed(name) || (_files.TryGetValue(name, out var id) && _snapshots.TryGetValue(id, out var held) && PointTags.IsPoint(held.Snapshot!));

    /// <summary>The names of the files in the archive itself, in no order.</summary>
    public IReadOnlyCollection<string> Archived => _archived;

    public bool Has(string name) => _files.ContainsKey(name);

    /// <summary>
    /// True when the archive itself has the file. A recovery point that has it too may be removed with all it holds.
    /// </summary>
    public bool IsArchived(string name) => _archived.Contains(name);

    /// <summary>
    /// Reads new snapshots and drops removed ones; snapshots that were read before are not read again.
    /// </summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var ids = (await repository.ListSnapshotIdsAsync(cancellation)).ToHashSet();
            var gone = _snapshots.Keys.Where(id => !ids.Contains(id)).ToList();
            var snapshots = new Dictionary<Id, Holding>(_snapshots);
            foreach (var id in gone) snapshots.Remove(id);
            var unread = ids.Where(id => !_snapshots.ContainsKey(id)).ToList();
            // Files that other processes have stored are in packs that this process may not know yet.
            if (unread.Count > 0) await repository.RefreshAsync(cancellation);
            var news = new List<Id>();
            foreach (var id in unread)
                if (await TryReadAsync(id, cancellation) is { } held)
                {
                    snapshots.Add(id, held);
                    if (held.Files.Count > 0) news.Add(id);
                }
            _snapshots = snapshots;
            if (gone.Count + news.Count > 0) Rebuild();
            Identity ??= await FindIdentityAsync(cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Adds a snapshot that this process has just created, so that it need not be read.</summary>
    public async Task AddAsync(Snapshot snapshot, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            _snapshots = new Dictionary<Id, Holding>(_snapshots) { [snapshot.Id] = new Holding(snapshot, names, WalTags.IsStreamed(snapshot)) };
            Rebuild();
            Identity ??= WalTags.IdentityOf(snapshot);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Opens the content of a file; null when it does not exist.</summary>
    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellation) =>
        await FindNodeAsync(name, cancellation) is { } node ? repository.OpenFile(node) : null;

    /// <summary>Returns the node of a file from the snapshot that holds it; null when it does not exist.</summary>
    public async Task<Node?> FindNodeAsync(string name, CancellationToken cancellation)
    {
        if (WalFile.Find(name) is not { } file || !_files.TryGetValue(name, out var id) || !_snapshots.TryGetValue(id, out var held)) return null;
        var path = WalPath.Of(cluster, file);
        var folder = await repository.FindNodeAsync(held.Snapshot!, path[..path.LastIndexOf('/')], cancellation);
        if (folder?.Subtree is not { } tree) return null;
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_lastFolder.Tree != tree) _lastFolder = (tree, await repository.ReadTreeAsync(tree, cancellation));
            return _lastFolder.Nodes.FirstOrDefault(node => node.Name == name);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Reads a small file as text: a timeline history or a backup history. Null when it does not exist.
    /// </summary>
    public async Task<string?> ReadTextAsync(string name, CancellationToken cancellation)
    {
        await using var content = await OpenAsync(name, cancellation);
        if (content is null) return null;
        using var reader = new StreamReader(content);
        return await reader.ReadToEndAsync(cancellation);
    }

    /// <summary>Reads the histories of all timelines but the first, which has none.</summary>
    public async Task<IReadOnlyList<TimelineHistory>> ReadHistoriesAsync(CancellationToken cancellation)
    {
        var histories = new List<TimelineHistory>();
        foreach (var file in Files.Where(file => file.Kind == WalFileKind.History).ToList())
            if (await ReadTextAsync(file.Name, cancellation) is { } text && TimelineHistory.Parse(file.Segment.Timeline, text) is { } history) histories.Add(history);
        return histories;
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>
    /// Reads a snapshot. One that another process has forgotten meanwhile is skipped; a damaged one counts as empty,
    /// and must not stop the archive: 'repo check' reports it.
    /// </summary>
    private async Task<Holding?> TryReadAsync(Id id, CancellationToken cancellation)
    {
        try
        {
            var snapshot = await repository.ReadSnapshotAsync(id, cancellation);
            var isPoint = PointTags.IsPoint(snapshot) && PointTags.PlatformOf(snapshot) == platform;
            if (!isPoint && !WalTags.AreOf(snapshot, platform, cluster)) return new Holding(null, [], IsStreamed: false);
            var files = WalTags.NamedFiles(snapshot, cluster) ?? await ListAsync(snapshot, cancellation);
            var isOurs = system is null || await IdentityOfAsync(snapshot, files, cancellation) is not { } identity || identity.System == system;
            return isOurs ? new Holding(snapshot, files, WalTags.IsStreamed(snapshot)) : new Holding(null, [], IsStreamed: false);
        }
        catch (ResticException failure) when (failure.Error == ResticError.NotFound)
        {
            return null;
        }
        catch (ResticException failure) when (failure.Error is ResticError.Damaged or ResticError.Unsupported)
        {
            return new Holding(null, [], IsStreamed: false);
        }
    }

    private async Task<IReadOnlyList<string>> ListAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        if (await repository.FindNodeAsync(snapshot, WalPath.Folder(cluster), cancellation) is not { Subtree: { } root }) return [];
        var names = new List<string>();
        foreach (var node in await repository.ReadTreeAsync(root, cancellation))
        {
            if (node.Type == NodeType.File) names.Add(node.Name);
            if (node.Subtree is not { } folder) continue;
            if (!_folders.TryGetValue(folder, out var listed))
                _folders.Add(folder, listed = [.. (await repository.ReadTreeAsync(folder, cancellation)).Where(file => file.Type == NodeType.File).Select(file => file.Name)]);
            names.AddRange(listed);
        }
        return [.. names.Where(name => WalFile.Find(name) is not null)];
    }

    /// <summary>
    /// Rebuilds the list of files. A file of several snapshots is taken from the newest; a segment that was still being
    /// written when it was received is not counted as archived.
    /// </summary>
    private void Rebuild()
    {
        var files = new Dictionary<string, Id>(_files.Count + 64, StringComparer.Ordinal);
        foreach (var held in _snapshots.Values.Where(held => held.Files.Count > 0).OrderBy(held => held.Snapshot!.Time))
            foreach (var name in held.Files)
                files[name] = held.Snapshot!.Id;
        _archived = _snapshots.Values.Where(held => held is { Snapshot: not null, IsStreamed: false } && !PointTags.IsPoint(held.Snapshot)).SelectMany(held => held.Files).ToHashSet(StringComparer.Ordinal);
        _files = files;
    }

    private async Task<WalIdentity?> FindIdentityAsync(CancellationToken cancellation)
    {
        foreach (var held in _snapshots.Values.Where(held => held.Files.Count > 0).OrderByDescending(held => held.Snapshot!.Time))
            if (await IdentityOfAsync(held.Snapshot!, held.Files, cancellation) is { } found) return found;
        return null;
    }

    /// <summary>The identity from a snapshot's tags, or else from the header of one of its segments.</summary>
    private async Task<WalIdentity?> IdentityOfAsync(Snapshot snapshot, IReadOnlyList<string> files, CancellationToken cancellation)
    {
        if (WalTags.IdentityOf(snapshot) is { } told) return told;
        if (files.FirstOrDefault(name => name.Length == WalSegment.NameLength) is not { } segment) return null;
        if (await repository.FindNodeAsync(snapshot, WalPath.Of(cluster, WalSegment.Parse(segment)), cancellation) is not { } node) return null;
        await using var content = repository.OpenFile(node);
        var page = new byte[WalHeader.Size];
        return await content.ReadAtLeastAsync(page, page.Length, throwOnEndOfStream: false, cancellation) == page.Length && WalHeader.Read(page) is { } header
            ? new WalIdentity(header.SystemIdentifier, header.SegmentSize)
            : null;
    }
}
