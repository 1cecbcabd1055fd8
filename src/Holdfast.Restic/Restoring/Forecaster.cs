using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Estimates what a restore will write, and finds its owners. A directory that does not exist on the disk is counted
/// once per tree, however often the snapshot contains it, so that a tree that unfolds to billions of paths costs no
/// more than its few blobs. Where paths are needed, one that a restore would refuse is refused here too.
/// </summary>
internal sealed class Forecaster(Repository repository, BlobIndex index, RestoreOptions options)
{
    private const long MostNodes = 20_000_000; // beyond this limit an estimate is not worth its time

    private readonly NodeSelection _selection = new(options);
    private readonly Dictionary<ulong, (string Path, long Bytes)> _spaces = [];
    private readonly Dictionary<Id, long> _sums = [];
    private readonly HashSet<(bool IsGroup, string Name, uint Number)> _owners = [];
    private readonly HashSet<(ulong, ulong)> _links = [];
    private readonly Stack<Place> _ahead = new();
    private WalkGuard? _guard;
    private long _nodes;
    private long _files;

    /// <summary>
    /// A directory of the snapshot: its path from the restored root, and on the disk, where it is null when it does not
    /// exist.
    /// </summary>
    private readonly record struct Place(Id Tree, string Relative, string? Path, ulong Device);

    public async Task<RestoreForecast> RunAsync(Node root, string target, CancellationToken cancellation)
    {
        var top = target.TrimEnd('/');
        var (standing, device) = Nearest(top);
        if (root.Type != NodeType.Directory)
            Add(device, Cost(root, standing == top ? $"{top}/{root.Name}" : null));
        else if (root.Subtree is { } tree)
        {
            _guard = repository.GuardWalk(tree);
            _ahead.Push(new Place(tree, "", standing == top ? top : null, device));
        }
        while (_ahead.TryPop(out var place) && _nodes < MostNodes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (place.Path is null && _selection.IsEverything)
                Add(place.Device, await SumAsync(place.Tree, cancellation));
            else
                await VisitAsync(place, cancellation);
        }
        return new RestoreForecast([.. _spaces.Values.Where(space => space.Bytes > 0).Select(space => new ForecastSpace(space.Path, space.Bytes))], [.. Owners()])
        {
            Files = _sums.Count == 0 && _nodes < MostNodes ? _files : null,
        };
    }

    private async Task VisitAsync(Place place, CancellationToken cancellation)
    {
        var nodes = await ReadAsync(place.Tree, cancellation);
        await _guard!.EnterAsync(place.Tree, place.Relative, nodes.Count, cancellation);
        foreach (var node in nodes)
        {
            var relative = $"{place.Relative}/{node.Name}";
            var path = place.Path is null ? null : $"{place.Path}/{node.Name}";
            var wanted = _selection.Wants(relative);
            if (wanted) Note(node);
            if (node.Type == NodeType.Directory && node.Subtree is { } tree && (wanted || _selection.MayWantBelow(relative)))
                _ahead.Push(Below(tree, relative, path, place.Device));
            else if (wanted && node.Type == NodeType.File)
                AddFile(place.Device, Cost(node, path));
        }
    }

    private Place Below(Id tree, string relative, string? path, ulong device)
    {
        if (path is null || !TryFind(path + "/.", out var status)) return new Place(tree, relative, null, device);
        _spaces.TryAdd(status.Device, (path, 0));
        return new Place(tree, relative, path, status.Device);
    }

    // The sums of subdirectories are computed first: a tree waits on the stack with its nodes until they are known.
    private async Task<long> SumAsync(Id tree, CancellationToken cancellation)
    {
        var trees = new Stack<(Id Tree, IReadOnlyList<Node>? Nodes)>([(tree, null)]);
        while (trees.TryPop(out var top) && _nodes < MostNodes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_sums.ContainsKey(top.Tree)) continue;
            var nodes = top.Nodes ?? await ReadAsync(top.Tree, cancellation);
            var unknown = top.Nodes is null ? Unknown(nodes) : [];
            if (unknown.Count == 0)
            {
                _sums[top.Tree] = Sum(nodes);
                continue;
            }
            trees.Push((top.Tree, nodes));
            foreach (var below in unknown) trees.Push((below, null));
        }
        return _sums.GetValueOrDefault(tree);
    }

    private List<Id> Unknown(IReadOnlyList<Node> nodes) =>
        [.. nodes.Select(node => node.Subtree).OfType<Id>().Where(below => !_sums.ContainsKey(below)).Distinct()];

    private long Sum(IReadOnlyList<Node> nodes)
    {
        long sum = 0;
        foreach (var node in nodes)
        {
            Note(node);
            sum = Saturated(sum, node.Type == NodeType.File ? Cost(node, null) : node.Subtree is { } below ? _sums.GetValueOrDefault(below) : 0);
        }
        return sum;
    }

    private async Task<IReadOnlyList<Node>> ReadAsync(Id tree, CancellationToken cancellation)
    {
        var nodes = await repository.ReadTreeOrNothingAsync(tree, cancellation);
        _nodes += nodes.Count;
        return nodes;
    }

    private long Cost(Node node, string? path)
    {
        if (node.Links > 1 && !_links.Add((node.DeviceId, node.Inode))) return 0;
        var size = Size(node);
        if (path is null || !TryFind(path, out var standing) || !standing.IsRegular) return size;
        if (standing.Size == node.Size && standing.ModifyTime.IsSameInstant(node.ModifyTime)) return 0; // most likely the same file
        var freed = options.Existing == ExistingFiles.Overwrite && standing.Links == 1 ? (long)Math.Min(standing.Size, standing.Blocks * 512) : 0;
        return size - freed;
    }

    // A repeated blob is almost always a hole: no other content is as regular for so long.
    private long Size(Node node)
    {
        var size = (long)Math.Min(node.Size, long.MaxValue / 4);
        var content = node.Content ?? [];
        for (var i = 1; i < content.Count; i++)
            if (content[i] == content[i - 1] && index.TryFind(content[i], BlobType.Data, out var blob)) size -= Math.Max(0, blob.PlainLength);
        return Math.Max(0, size);
    }

    private void AddFile(ulong device, long bytes)
    {
        _files++;
        Add(device, bytes);
    }

    private void Add(ulong device, long bytes)
    {
        var (path, sum) = _spaces[device];
        _spaces[device] = (path, Saturated(sum, bytes));
    }

    private static long Saturated(long sum, long bytes) => sum > long.MaxValue / 4 ? sum : sum + bytes;

    private void Note(Node node)
    {
        if (node.User.Length > 0) _owners.Add((false, node.User, node.Uid));
        if (node.Group.Length > 0) _owners.Add((true, node.Group, node.Gid));
    }

    private IEnumerable<ForecastOwner> Owners() => _owners
        .Select(owner => new ForecastOwner(owner.IsGroup, owner.Name, owner.Number, owner.IsGroup ? Accounts.GroupNumber(owner.Name) : Accounts.UserNumber(owner.Name)))
        .Where(owner => owner.Here != owner.Number)
        .OrderBy(owner => owner.Name, StringComparer.Ordinal).ThenBy(owner => owner.IsGroup).ThenBy(owner => owner.Number);

    private (string Path, ulong Device) Nearest(string path)
    {
        while (path.Length > 0 && !TryFind(path + "/.", out _)) path = path[..Math.Max(0, path.LastIndexOf('/'))];
        var device = FileStatus.Of(path + "/.").Device;
        _spaces[device] = (path.Length == 0 ? "/" : path, 0);
        return (path, device);
    }

    // Only for estimating sizes: what cannot be reached counts as missing.
    private static bool TryFind(string path, out FileStatus status)
    {
        try
        {
            return FileStatus.TryFind(path, out status);
        }
        catch (PosixException)
        {
            status = default;
            return false;
        }
    }
}
