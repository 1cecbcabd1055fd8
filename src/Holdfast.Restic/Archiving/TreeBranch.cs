using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// The upper part of a snapshot's tree, above what was archived whole: parent directories. Such a directory has the
/// metadata of its local counterpart, or default metadata.
/// </summary>
internal sealed class TreeBranch
{
    private readonly Dictionary<string, TreeBranch> _children = new(StringComparer.Ordinal);

    /// <summary>The archived node; null for a directory that is only a parent.</summary>
    private Node? _node;

    /// <summary>The local directory that corresponds to this one.</summary>
    private string? _localPath;

    /// <summary>The metadata set for this directory; null when none was set.</summary>
    private Node? _directory;

    /// <summary>
    /// Adds a node at an absolute path. That path ends in the local path the node was read from, if any.
    /// </summary>
    public void Put(string path, Node node, string? localPath = null)
    {
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var local = localPath?.Split('/', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var branch = this;
        for (var i = 0; i < names.Length; i++)
        {
            if (localPath is not null && i >= names.Length - local.Length) branch._localPath = '/' + string.Join('/', local[..(i - (names.Length - local.Length))]);
            branch = branch.Below(names[i], path);
        }
        branch._node = names.Length > 0 ? node with { Name = names[^1] } : node;
    }

    /// <summary>
    /// Sets the metadata of the directory at an absolute path; other nodes may be added below it before and after.
    /// </summary>
    public void PutDirectory(string path, Node directory)
    {
        var branch = this;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries)) branch = branch.Below(name, path);
        branch._directory = directory;
    }

    private TreeBranch Below(string name, string path)
    {
        if (_node is not null) throw new ArgumentException($"'{path}' lies in what has been archived whole.", nameof(path));
        if (!_children.TryGetValue(name, out var child)) _children.Add(name, child = new TreeBranch());
        return child;
    }

    /// <summary>Returns the node archived at an absolute path; null when there is none.</summary>
    public Node? Find(string path)
    {
        var branch = this;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            if (!branch._children.TryGetValue(name, out branch)) return null;
        return branch._node;
    }

    /// <summary>Removes what was added at an absolute path or below it; does nothing when there is none.</summary>
    public void Remove(string path)
    {
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var branch = this;
        foreach (var name in names[..^1])
            if (!branch._children.TryGetValue(name, out branch)) return;
        branch._children.Remove(names[^1]);
    }

    /// <summary>Stores the trees of the directory and of everything below it, and returns its id.</summary>
    public async Task<Id> StoreAsync(BlobWriter blobs, NodeReader nodes, Timestamp now, CancellationToken cancellation)
    {
        if (_node?.Subtree is { } whole) return whole;
        var entries = new List<Node>(_children.Count);
        foreach (var (name, child) in _children.OrderBy(c => c.Key, Comparer<string>.Create(static (a, b) => FileName.Compare(a, b))))
            entries.Add(child._node ?? child.Directory(name, nodes, now) with { Subtree = await child.StoreAsync(blobs, nodes, now, cancellation) });
        return (await blobs.SaveAsync(BlobType.Tree, TreeCodec.Encode(entries), cancellation)).Id;
    }

    private Node Directory(string name, NodeReader nodes, Timestamp now) => _directory is { } told ? told with { Name = name }
        : _localPath is { } path && FileStatus.TryFind(path.TrimEnd('/') + "/.", out var status) // the dot makes the path follow a symbolic link such as /lib
            ? nodes.Read(path, name, status)
            : new Node { Name = name, Type = NodeType.Directory, Mode = GoMode.Directory | 0x1C0, ModifyTime = now, AccessTime = now, ChangeTime = now };
}
