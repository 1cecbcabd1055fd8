using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Points;

/// <summary>
/// The size of each component in a repository: the folders that recovery points have for it, and in addition archived
/// WAL and archives of messages. Manifests and the trees above components are not counted.
/// </summary>
/// <param name="repository">Opened.</param>
public sealed class ComponentShares(Repository repository)
{
    /// <summary>Folders of a point that hold one component; the others hold a folder for each.</summary>
    private const string Files = "files";

    private readonly SortedDictionary<string, List<Id>> _groups = new(StringComparer.Ordinal);

    /// <summary>Measures the components of all recovery points of all platforms, by name.</summary>
    /// <exception cref="ResticException">Damaged: something cannot be read.</exception>
    public async Task<IReadOnlyList<DataShare>> WeighAsync(CancellationToken cancellation)
    {
        foreach (var snapshot in await repository.ListSnapshotsAsync(cancellation)) await SortAsync(snapshot, cancellation);
        List<(string Name, IReadOnlyList<Id> Trees)> groups = [.. _groups.Select(group => (group.Key, (IReadOnlyList<Id>)group.Value))];
        return await repository.WeighSharesAsync(groups, cancellation);
    }

    private async Task SortAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        if (PointTags.IsWal(snapshot)) Add("archived WAL", snapshot.Tree);
        else if (PointTags.IsMessages(snapshot)) Add("archives of messages", snapshot.Tree);
        else if (!PointTags.IsPoint(snapshot)) Add("other snapshots", snapshot.Tree);
        else await SortPointAsync(snapshot, cancellation);
    }

    private async Task SortPointAsync(Snapshot point, CancellationToken cancellation)
    {
        foreach (var kind in await repository.ReadTreeAsync(point.Tree, cancellation))
        {
            if (kind.Subtree is not { } tree) continue;
            if (kind.Name == Files)
            {
                Add(Files, tree);
                continue;
            }
            foreach (var component in await repository.ReadTreeAsync(tree, cancellation))
                if (component.Subtree is { } folder) Add($"{kind.Name}/{component.Name}", folder);
        }
    }

    private void Add(string group, Id tree)
    {
        if (!_groups.TryGetValue(group, out var trees)) _groups.Add(group, trees = []);
        trees.Add(tree);
    }
}
