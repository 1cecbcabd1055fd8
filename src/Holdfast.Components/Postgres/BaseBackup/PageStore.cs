using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// What is stored beside a file of pages: the map of the stored file, and the pages that have changed since then.
/// </summary>
/// <param name="Map">Null when there is no map.</param>
/// <param name="List">The list of the changed pages; null when no page has changed.</param>
/// <param name="Delta">The contents of the changed pages.</param>
internal sealed record PageFiles(Node? Map, Node? List, Node? Delta)
{
    public static PageFiles None { get; } = new(null, null, null);

    public IEnumerable<Node> All => new[] { Map, List, Delta }.OfType<Node>();
}

/// <summary>
/// Page maps and changed pages, of the parent and of the new recovery point. Methods may be called from several
/// threads.
/// </summary>
internal sealed class PageStore(string cluster, CaptureSession session, Snapshot? parent)
{
    private readonly ConcurrentDictionary<string, Task<FrozenDictionary<string, Node>?>> _folders = new(StringComparer.Ordinal);
    private readonly ulong _seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private readonly ConcurrentBag<string> _unread = [];
    private int _deltas;
    private long _deltaPages;

    /// <summary>The number of files whose changed pages are stored beside them.</summary>
    public int Deltas => _deltas;

    /// <summary>The number of changed pages.</summary>
    public long DeltaPages => Interlocked.Read(ref _deltaPages);

    /// <summary>
    /// The problem with maps, lists and folders of the parent that could not be read; null when there is none.
    /// </summary>
    public Problem? Unreadable => _unread.IsEmpty
        ? null
        : Catalogue.PostgresMap.With($"Of what the last recovery point has to compare pages of {cluster} by, {_unread.Distinct(StringComparer.Ordinal).Count()} files or folders cannot be read, {_unread.Min(StringComparer.Ordinal)} is the first: what they are of was read and stored without them.");

    /// <summary>
    /// Returns what the parent holds beside the file at a path of the data directory; null when this cannot be read:
    /// then the stored file may lack pages, and must not be taken over. Each folder is read once.
    /// </summary>
    public async Task<PageFiles?> FindAsync(string relative, CancellationToken cancellation)
    {
        if (parent is null) return PageFiles.None;
        var slash = relative.LastIndexOf('/');
        var folder = await _folders.GetOrAdd($"{BasePath.Pages(cluster)}/{relative[..slash]}", path => ReadFolderAsync(parent, path, cancellation));
        if (folder is null) return null;
        if (folder.Count == 0) return PageFiles.None;
        var name = relative[(slash + 1)..];
        return new PageFiles(folder.GetValueOrDefault(name + BasePath.MapEnding), folder.GetValueOrDefault(name + BasePath.ListEnding), folder.GetValueOrDefault(name + BasePath.DeltaEnding));
    }

    /// <summary>Takes over the page files of the parent.</summary>
    public void Keep(string relative, PageFiles files)
    {
        if (files.Map is { } map) session.Writer.AddNode(Path(relative, BasePath.MapEnding), map);
        if (files.List is not { } list || files.Delta is not { } delta) return;
        session.Writer.AddNode(Path(relative, BasePath.ListEnding), list);
        session.Writer.AddNode(Path(relative, BasePath.DeltaEnding), delta);
        Interlocked.Increment(ref _deltas);
    }

    public PageMap NewMap(int pageSize, int pages) => PageMap.New(pageSize, _seed, pages);

    public async Task<PageMap?> ReadMapAsync(Node node, CancellationToken cancellation) => PageMap.Read(await ReadAsync(node, cancellation));

    /// <summary>Reads the list of changed pages; null when there is none, or when it has a newer version.</summary>
    public async Task<PageList?> ReadListAsync(Node? node, CancellationToken cancellation)
    {
        if (node is null) return null;
        try
        {
            return PageList.Read(await ReadAsync(node, cancellation));
        }
        catch (InvalidDataException)
        {
            return null; // the list is needed only for the order of the pages
        }
    }

    /// <summary>Adds the map of a file that has just been stored whole.</summary>
    public async Task AddAsync(string relative, PageMap map, CancellationToken cancellation) =>
        await session.Writer.AddStreamAsync(Path(relative, BasePath.MapEnding), new MemoryStream(map.Write()), cancellation: cancellation);

    /// <summary>Adds the changed pages of a file.</summary>
    public async Task AddAsync(string relative, PageList list, Stream pages, CancellationToken cancellation)
    {
        await session.Writer.AddStreamAsync(Path(relative, BasePath.ListEnding), new MemoryStream(list.Write()), cancellation: cancellation);
        await session.Writer.AddStreamAsync(Path(relative, BasePath.DeltaEnding), pages, cancellation: cancellation);
        Interlocked.Increment(ref _deltas);
        Interlocked.Add(ref _deltaPages, list.Pages.Count);
    }

    /// <summary>Adds the script that writes the pages into their files, for restores by restic alone.</summary>
    public async Task AddScriptAsync(CancellationToken cancellation)
    {
        if (_deltas > 0) await session.Writer.AddStreamAsync($"{BasePath.Pages(cluster)}/combine.py", new MemoryStream(CombineScript.Text.ToArray()), cancellation: cancellation);
    }

    private string Path(string relative, string ending) => $"{BasePath.Pages(cluster)}/{relative}{ending}";

    /// <summary>Reads a file; empty when it is damaged, because page maps only save reading and space.</summary>
    private async Task<byte[]> ReadAsync(Node file, CancellationToken cancellation)
    {
        try
        {
            var bytes = new byte[file.Size];
            await using var content = session.Repository.OpenFile(file);
            await content.ReadExactlyAsync(bytes, cancellation);
            return bytes;
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            _unread.Add(file.Name);
            return [];
        }
    }

    /// <summary>Reads a folder; null when it, or a folder above it, is damaged.</summary>
    private async Task<FrozenDictionary<string, Node>?> ReadFolderAsync(Snapshot point, string path, CancellationToken cancellation)
    {
        try
        {
            if ((await session.Repository.FindNodeAsync(point, path, cancellation))?.Subtree is not { } tree) return FrozenDictionary<string, Node>.Empty;
            return (await session.Repository.ReadTreeAsync(tree, cancellation)).ToFrozenDictionary(node => node.Name, StringComparer.Ordinal);
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            _unread.Add(path);
            return null;
        }
    }
}
