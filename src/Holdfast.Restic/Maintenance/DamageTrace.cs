using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Finds the snapshots and paths that need damaged files. Walks all trees a second time, so it is used only when there
/// is damage.
/// </summary>
internal sealed class DamageTrace(CheckedBlobs blobs, IReadOnlyList<Finding> findings)
{
    /// <summary>The most paths that are listed for one finding.</summary>
    public const int MaxPaths = 100;

    /// <summary>
    /// The limit for steps of the whole trace: where trees refer to each other so often that the walk would never end,
    /// the counts reached so far are reported.
    /// </summary>
    private const long MostSteps = 20_000_000;

    private readonly List<AffectedPath>[] _paths = [.. findings.Select(_ => new List<AffectedPath>())];
    private readonly List<Id>[] _snapshots = [.. findings.Select(_ => new List<Id>())];
    private long _steps;
    private readonly long[] _counts = new long[findings.Count];

    public async Task<IReadOnlyList<Damage>> RunAsync(IEnumerable<Snapshot> snapshots, CancellationToken cancellation)
    {
        var map = new DamageMap(blobs, Numbers());
        foreach (var snapshot in snapshots.OrderByDescending(snapshot => snapshot.Time))
        {
            await map.ExploreAsync(snapshot.Tree, cancellation);
            Walk(map, snapshot);
        }
        return [.. findings.Select(ToDamage)];
    }

    private Dictionary<Id, List<int>> Numbers()
    {
        var numbers = new Dictionary<Id, List<int>>();
        for (var i = 0; i < findings.Count; i++)
        {
            foreach (var blob in findings[i].Blobs)
                (numbers.TryGetValue(blob, out var list) ? list : numbers[blob] = []).Add(i);
            foreach (var snapshot in findings[i].Snapshots) Add(i, snapshot, "/");
        }
        return numbers;
    }

    private void Walk(DamageMap map, Snapshot snapshot)
    {
        var waiting = new Stack<(string Path, Id Tree)>();
        waiting.Push(("/", snapshot.Tree));
        while (waiting.TryPop(out var item))
        {
            if (++_steps > MostSteps || item.Path.Length > WalkGuard.LongestPath) continue;
            if (map.Of(item.Tree) is not { } tree) continue;
            foreach (var damage in tree.Own) Add(damage, snapshot.Id, item.Path);
            foreach (var node in tree.Nodes)
            {
                var path = item.Path == "/" ? $"/{node.Name}" : $"{item.Path}/{node.Name}";
                foreach (var damage in node.Own) Add(damage, snapshot.Id, path);
                if (node.Subtree is { } subtree) waiting.Push((path, subtree));
            }
        }
    }

    private void Add(int damage, Id snapshot, string path)
    {
        _counts[damage]++;
        if (_paths[damage].Count < MaxPaths) _paths[damage].Add(new AffectedPath(snapshot, path));
        if (_snapshots[damage].LastOrDefault() != snapshot) _snapshots[damage].Add(snapshot);
    }

    private Damage ToDamage(Finding finding, int number) =>
        new(finding.File, string.Join(' ', finding.Messages), [.. finding.Blobs.Order()], _paths[number])
        {
            AffectedCount = _counts[number],
            Snapshots = _snapshots[number],
        };
}
