using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic;

/// <summary>
/// Stops a walk through a snapshot that would never end. Equal directories share a tree, so a dozen trees can represent
/// a billion directories: no machine has that many, and such a snapshot is an attack on a restore. Only a walk that
/// meets the same trees repeatedly is measured: each tree is read once, and the unfolded number of entries is compared
/// with the stored one. Directories of one machine hardly ever share a tree, because it contains the inodes and times
/// of its entries; only empty ones do.
/// </summary>
public sealed class WalkGuard
{
    /// <summary>The limit for entries of a snapshot: more than any file system has that was ever backed up.</summary>
    public const long MostEntries = 500_000_000;

    /// <summary>
    /// The number of entries to which any snapshot may unfold; beyond it the limit is <see cref="MostSharing"/> times
    /// what its trees contain, each counted once.
    /// </summary>
    private const long FreeEntries = 2_000_000;

    private const int MostSharing = 100;

    /// <summary>The limit for characters of a path. Linux accepts at most 4096 bytes in one call.</summary>
    public const int LongestPath = 16 << 10;

    private const int Slots = 1 << 14, FirstLook = 50_000;
    private const long SecondLook = 20_000_000;

    private readonly Repository _repository;
    private readonly Id[] _roots;
    private readonly int[] _seen = new int[Slots];
    private long _folders, _again, _entries, _stored;
    private bool _measured;

    internal WalkGuard(Repository repository, IEnumerable<Id> roots) => (_repository, _roots) = (repository, [.. roots]);

    /// <summary>Called for every directory that the walk enters.</summary>
    /// <param name="tree">The folder's tree.</param>
    /// <param name="path">Its path in the snapshot, whose length counts.</param>
    /// <param name="entries">The number of its nodes.</param>
    /// <param name="cancellation">Cancels the measuring.</param>
    /// <exception cref="ResticException">Damaged: the walk would not end.</exception>
    public ValueTask EnterAsync(Id tree, string path, int entries, CancellationToken cancellation)
    {
        if (path.Length > LongestPath) throw new ResticException(ResticError.Damaged, $"The snapshot has a path of more than {LongestPath} letters, which no machine has.");
        Count(tree, entries);
        return _measured || !IsSuspicious ? default : new ValueTask(MeasureAsync(cancellation));
    }

    private bool IsSuspicious => (_folders >= FirstLook && _again * 10 > _folders * 9) || _entries >= SecondLook;

    private void Count(Id tree, int entries)
    {
        var hash = tree.GetHashCode() | 1;
        ref var slot = ref _seen[(hash >>> 1) & (Slots - 1)];
        if (slot == hash) _again++;
        slot = hash;
        _folders++;
        _entries += entries;
    }

    private async Task MeasureAsync(CancellationToken cancellation)
    {
        _measured = true;
        var known = new Dictionary<Id, long>();
        foreach (var root in _roots)
        {
            var entries = await MeasureAsync(root, known, cancellation);
            var most = Math.Min(MostEntries, Math.Max(FreeEntries, MostSharing * _stored));
            if (entries > most)
                throw new ResticException(ResticError.Damaged, $"The snapshot's folders name each other so often that it would have more than {most:N0} entries, with {_stored:N0} stored, which no machine has.");
        }
    }

    private sealed class Step(Id tree, IReadOnlyList<Node> nodes)
    {
        public Id Tree => tree;
        public IReadOnlyList<Node> Nodes => nodes;
        public int Next { get; set; }
        public long Entries { get; set; } = nodes.Count;
    }

    /// <summary>Returns the number of entries below a tree, reading each tree once.</summary>
    private async Task<long> MeasureAsync(Id root, Dictionary<Id, long> known, CancellationToken cancellation)
    {
        var steps = new Stack<Step>([await ReadAsync(root, cancellation)]);
        while (steps.TryPeek(out var step))
        {
            if (step.Next == step.Nodes.Count)
            {
                known[steps.Pop().Tree] = Math.Min(step.Entries, MostEntries + 1);
                continue;
            }
            if (step.Nodes[step.Next].Subtree is { } tree)
            {
                if (!known.TryGetValue(tree, out var below))
                {
                    steps.Push(await ReadAsync(tree, cancellation));
                    continue;
                }
                step.Entries += below;
            }
            step.Next++;
        }
        return known[root];
    }

    /// <summary>Reads a tree; one that cannot be read counts as empty, because the walk itself reports it.</summary>
    private async Task<Step> ReadAsync(Id tree, CancellationToken cancellation)
    {
        try
        {
            var nodes = await _repository.ReadTreeAsync(tree, cancellation);
            _stored += nodes.Count;
            return new Step(tree, nodes);
        }
        catch (ResticException lost) when (lost.IsLoss)
        {
            return new Step(tree, []);
        }
    }
}
