using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres;

/// <summary>Where the files of a dump are read from: a recovery point.</summary>
internal interface IDumpSource
{
    /// <summary>The content of a file. Damage shows while it is read.</summary>
    /// <exception cref="ProblemException">There is no such file.</exception>
    Task<Stream> OpenAsync(string path, CancellationToken cancellation);

    /// <summary>The names of the folders in a folder; none when it is not there.</summary>
    Task<IReadOnlyList<string>> ListFoldersAsync(string path, CancellationToken cancellation);
}

/// <summary>A recovery point.</summary>
internal sealed class SnapshotSource(RestoreSession session) : IDumpSource
{
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellation)
    {
        var node = await session.Repository.FindNodeAsync(session.Point, path, cancellation);
        if (node is { Type: NodeType.File }) return session.Repository.OpenFile(node);
        throw Catalogue.PointManifest.Throwable($"The recovery point has no file {path}.");
    }

    public async Task<IReadOnlyList<string>> ListFoldersAsync(string path, CancellationToken cancellation)
    {
        var node = await session.Repository.FindNodeAsync(session.Point, path, cancellation);
        if (node?.Subtree is not { } tree) return [];
        var nodes = await session.Repository.ReadTreeAsync(tree, cancellation);
        return [.. nodes.Where(child => child.Type == NodeType.Directory).Select(child => child.Name)];
    }
}
