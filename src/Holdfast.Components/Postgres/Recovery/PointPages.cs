using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// The page files of a recovery point: page maps, and pages that have changed since their file was stored whole.
/// </summary>
internal sealed class PointPages(string cluster, RestoreSession session)
{
    private Dictionary<string, PageFiles>? _files;

    /// <summary>Finds the page files, by the path of their file in the data directory.</summary>
    /// <exception cref="ProblemException">A file has a list of changed pages, but the pages are missing.</exception>
    public async Task<IReadOnlyDictionary<string, PageFiles>> FindAsync(CancellationToken cancellation)
    {
        if (_files is not null) return _files;
        var (root, files) = (BasePath.Pages(cluster), new Dictionary<string, PageFiles>(StringComparer.Ordinal));
        if (await session.Repository.FindNodeAsync(session.Point, root, cancellation) is not null)
            await foreach (var (path, node) in session.Repository.WalkAsync(session.Point, root, cancellation))
                if (node.Type == NodeType.File) Add(files, path[(root.Length + 1)..], node);
        foreach (var (relative, found) in files)
        {
            if (!BaseExclusions.IsRelations(relative)) throw Damaged(relative, "it is in no folder of relations");
            if (found is { List: not null, Delta: null }) throw Damaged(relative, "its pages are missing");
        }
        return _files = files;
    }

    /// <summary>
    /// Reads which pages of a file have changed since it was stored whole; null when there is no list.
    /// </summary>
    /// <exception cref="ProblemException">The list cannot be used.</exception>
    public async Task<PageList?> ReadListAsync(string relative, PageFiles files, CancellationToken cancellation)
    {
        if (files is not { List: { } node, Delta: { } delta }) return null;
        var bytes = await ReadAsync(node, cancellation);
        try
        {
            var list = PageList.Read(bytes);
            return (long)delta.Size == (long)list.Pages.Count * list.PageSize ? list : throw Damaged(relative, "its list and its pages do not fit each other");
        }
        catch (InvalidDataException unknown)
        {
            throw Damaged(relative, unknown.Message);
        }
    }

    /// <summary>Reads the page map of a file; null when there is none, or when it has a newer version.</summary>
    public async Task<PageMap?> ReadMapAsync(PageFiles files, CancellationToken cancellation) => files.Map is { } map ? PageMap.Read(await ReadAsync(map, cancellation)) : null;

    private static void Add(Dictionary<string, PageFiles> files, string path, Node node)
    {
        var relative = path[..Math.Max(0, path.LastIndexOf('.'))];
        var known = files.GetValueOrDefault(relative) ?? PageFiles.None;
        if (path.EndsWith(BasePath.MapEnding, StringComparison.Ordinal)) files[relative] = known with { Map = node };
        else if (path.EndsWith(BasePath.ListEnding, StringComparison.Ordinal)) files[relative] = known with { List = node };
        else if (path.EndsWith(BasePath.DeltaEnding, StringComparison.Ordinal)) files[relative] = known with { Delta = node };
    }

    private async Task<byte[]> ReadAsync(Node node, CancellationToken cancellation)
    {
        var bytes = new byte[node.Size];
        await using var content = session.Repository.OpenFile(node);
        await content.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }

    private ProblemException Damaged(string relative, string why) =>
        Catalogue.PointManifest.Throwable($"The changed pages of '{relative}' in recovery point {session.Point.Id.ToShortString()} cannot be used: {why}");
}
