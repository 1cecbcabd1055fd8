using System.Globalization;

namespace Holdfast.ServerTests.Postgres.Base.Histories;

internal enum EntryKind
{
    Commit,
    Rollback,
    Prepare,
    CommitPrepared,
    RollbackPrepared,
    Name,
}

/// <summary>One record of the log that tells something to somebody: the end of a transaction, or a restore point.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">The row that it is about; 0 for a restore point.</param>
/// <param name="Before">Where it begins.</param>
/// <param name="End">Where the next one could begin: behind the head of a page, where it ends with one.</param>
/// <param name="Time">A time that lies between it and the next.</param>
/// <param name="Xid">The transaction; 0 for a restore point.</param>
/// <param name="Name">The restore point's name.</param>
internal sealed record LogEntry(EntryKind Kind, int Number, ulong Before, ulong End, DateTimeOffset Time, uint Xid, string Name)
{
    /// <summary>The subtransaction that brought the row, whose number stands nowhere.</summary>
    public uint Part { get; init; }

    public bool EndsTransaction => Kind is not (EntryKind.Name or EntryKind.Prepare);
}

/// <summary>A timeline.</summary>
/// <param name="number">As the server counts; one that was lost before its history was stored may have had the same.</param>
/// <param name="parent">The timeline that was followed when it was begun.</param>
/// <param name="left">Where that was left.</param>
internal sealed class Branch(uint number, Branch? parent, ulong left)
{
    public uint Number => number;

    public Branch? Parent => parent;

    public ulong Left => left;

    public List<LogEntry> Entries { get; } = [];

    /// <summary>Those that it came from and itself, oldest first, each with where the next one leaves it: that may lie before its own beginning.</summary>
    public IReadOnlyList<(Branch Branch, ulong To)> Path
    {
        get
        {
            var path = new List<(Branch, ulong)>();
            var to = ulong.MaxValue;
            for (var branch = this; branch is not null; (to, branch) = (Math.Min(to, branch.Left), branch.Parent)) path.Insert(0, (branch, to));
            return path;
        }
    }

    /// <summary>What is replayed when it is followed, in order.</summary>
    public IEnumerable<LogEntry> Log => Path.SelectMany(part => part.Branch.Entries.Where(entry => entry.Before < part.To));

    /// <summary>The timeline that the byte at an address is of.</summary>
    public Branch At(ulong address) => Path.First(part => address < part.To).Branch;

    public override string ToString() => Parent is null ? $"{Number}" : $"{Number} (from {Parent.Number} at {Lsn.Show(Left)})";
}

/// <summary>A recovery point: where replay begins, where the files fit each other, and its mark.</summary>
internal sealed record TreePoint(int Number, Branch Branch, ulong Start, ulong Stop, ulong Mark, string MarkName, DateTimeOffset MarkTime, DateTimeOffset Stopped);

/// <summary>All that was ever written, by timelines, and what of it was stored.</summary>
/// <param name="size">Bytes of a segment.</param>
internal sealed class LogTree(uint size)
{
    private readonly Dictionary<(Branch, ulong), ulong> _held = [];

    public uint Size => size;

    public List<Branch> Branches { get; } = [new Branch(1, null, 0)];

    /// <summary>Timelines whose history is stored; the first needs none.</summary>
    public HashSet<Branch> Known { get; } = new(ReferenceEqualityComparer.Instance);

    public IEnumerable<Branch> Reachable => Branches.Where(branch => branch.Parent is null || Known.Contains(branch));

    /// <summary>A segment is stored up to an address; what was stored of it before is in it.</summary>
    public void Hold(Branch branch, ulong segment, ulong to) => _held[(branch, segment)] = Math.Max(to, _held.GetValueOrDefault((branch, segment)));

    /// <summary>How far the log can be replayed without a gap, and whether more of it is stored behind that.</summary>
    public (ulong End, bool HasMore) Reach(Branch branch, ulong from)
    {
        var path = branch.Path;
        var end = from;
        while (true)
        {
            var segment = end / size;
            var to = path.Max(part => Math.Min(part.To, _held.GetValueOrDefault((part.Branch, segment))));
            if (to <= end) break;
            end = to;
            if (to < (segment + 1) * size) break;
        }
        return (end, path.Any(part => _held.Any(held => ReferenceEquals(held.Key.Item1, part.Branch) && Math.Min(held.Value, part.To) > end && held.Key.Item2 * size < part.To && held.Key.Item2 * size >= from / size * size)));
    }

    /// <summary>The file that a replay ends in where it ends in the middle of one: which timeline's, and how far it goes.</summary>
    public (Branch Branch, ulong Segment)? Tail(Branch branch, ulong end) => end % size == 0 ? null :
        branch.Path.Where(part => Math.Min(part.To, _held.GetValueOrDefault((part.Branch, end / size))) == end).Select(part => ((Branch, ulong)?)(part.Branch, end / size)).LastOrDefault();

    /// <summary>True for an entry that is whole in the log up to an address. A page, and a segment, begins with a head that is no part of it.</summary>
    public bool IsWhole(LogEntry entry, ulong end) => entry.End - (entry.End % size == 40 ? 40u : entry.End % 8192 == 24 ? 24u : 0u) <= end;

    /// <summary>Which rows are there, and which transactions are prepared.</summary>
    public static string State(IEnumerable<LogEntry> log)
    {
        var (rows, open) = (new SortedSet<int>(), new SortedSet<int>());
        foreach (var entry in log)
        {
            if (entry.Kind is EntryKind.Commit or EntryKind.CommitPrepared) rows.Add(entry.Number);
            if (entry.Kind == EntryKind.Prepare) open.Add(entry.Number);
            if (entry.Kind is EntryKind.CommitPrepared or EntryKind.RollbackPrepared) open.Remove(entry.Number);
        }
        return $"{string.Join(',', rows)}|{string.Join(',', open)}";
    }
}

/// <summary>Addresses as people write them.</summary>
internal static class Lsn
{
    public static ulong Read(string text) => (ulong.Parse(text.Split('/')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) << 32) | ulong.Parse(text.Split('/')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public static string Show(ulong address) => $"{address >> 32:X}/{address & uint.MaxValue:X}";
}
