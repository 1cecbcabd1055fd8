using System.Collections.Concurrent;
using System.Collections.Frozen;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The files of a dump, read from a recovery point. Safe for concurrent use by several steps.</summary>
internal sealed class DumpSource(RestoreSession session)
{
    /// <summary>
    /// A cache of folders: without it, the folder of ten thousand tables would be read ten thousand times.
    /// </summary>
    private readonly ConcurrentDictionary<string, FrozenDictionary<string, Node>> _folders = new(StringComparer.Ordinal);

    /// <summary>Opens a file. Damage is detected while it is read.</summary>
    /// <exception cref="ProblemException">The file does not exist.</exception>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellation)
    {
        var cut = path.LastIndexOf('/');
        var folder = await ReadFolderAsync(path[..cut], cancellation);
        if (folder.GetValueOrDefault(path[(cut + 1)..]) is { Type: NodeType.File } node) return session.Repository.OpenFile(node);
        throw Catalogue.PointManifest.Throwable($"The recovery point has no file {path}.");
    }

    /// <summary>Returns the names of the folders in a folder; none when it does not exist.</summary>
    public async Task<IReadOnlyList<string>> ListFoldersAsync(string path, CancellationToken cancellation)
    {
        var folder = await ReadFolderAsync(path, cancellation);
        return [.. folder.Values.Where(child => child.Type == NodeType.Directory).Select(child => child.Name).Order(StringComparer.Ordinal)];
    }

    private async Task<FrozenDictionary<string, Node>> ReadFolderAsync(string path, CancellationToken cancellation)
    {
        if (_folders.TryGetValue(path, out var known)) return known;
        var node = await session.Repository.FindNodeAsync(session.Point, path, cancellation);
        if (node?.Subtree is not { } tree) return FrozenDictionary<string, Node>.Empty;
        var nodes = await session.Repository.ReadTreeAsync(tree, cancellation);
        return _folders[path] = nodes.ToFrozenDictionary(child => child.Name, StringComparer.Ordinal);
    }
}
