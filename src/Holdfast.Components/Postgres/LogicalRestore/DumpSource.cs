using System.Collections.Concurrent;
using System.Collections.Frozen;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The files of a dump, read from a recovery point. Steps that run at the same time may share it.</summary>
internal sealed class DumpSource(RestoreSession session)
{
    /// <summary>Folders that were read: finding each of ten thousand tables anew would read their folder as often.</summary>
    private readonly ConcurrentDictionary<string, FrozenDictionary<string, Node>> _folders = new(StringComparer.Ordinal);

    /// <summary>The content of a file. Damage shows while it is read.</summary>
    /// <exception cref="ProblemException">There is no such file.</exception>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellation)
    {
        var cut = path.LastIndexOf('/');
        var folder = await ReadFolderAsync(path[..cut], cancellation);
        if (folder.GetValueOrDefault(path[(cut + 1)..]) is { Type: NodeType.File } node) return session.Repository.OpenFile(node);
        throw Catalogue.PointManifest.Throwable($"The recovery point has no file {path}.");
    }

    /// <summary>The names of the folders in a folder; none when it is not there.</summary>
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
