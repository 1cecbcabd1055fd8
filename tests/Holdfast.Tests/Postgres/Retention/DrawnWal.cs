using System.Globalization;
using System.Text;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Retention;
using Holdfast.Restic;
using NpgsqlTypes;

namespace Holdfast.Tests.Postgres.Retention;

/// <summary>
/// A cluster's life by chance: timelines that leave others, segments that were lost, base backups by clocks that
/// sometimes run ahead. It knows by itself, without the planner's code, what can be restored.
/// </summary>
internal sealed class DrawnWal
{
    public const int Size = 1 << 20;
    private static readonly DateTimeOffset _epoch = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Random _random;
    private readonly Dictionary<uint, (uint Timeline, ulong Address)> _parents = [];
    private readonly Dictionary<(uint Timeline, ulong Number), int> _written = [];
    private readonly HashSet<uint> _unknown = [];
    private readonly List<WalBase> _bases = [];
    private int _hour;

    public DrawnWal(Random random)
    {
        _random = random;
        Live(1, (ulong)random.Next(1, 4) * Size);
        for (var timeline = 2u; timeline <= random.Next(1, 5); timeline++) Branch(timeline);
        _unknown.UnionWith(_parents.Keys.Where(_ => random.Next(12) == 0));
        var known = _parents.Keys.Where(one => !_unknown.Contains(one)).ToList();
        var histories = known.Select(one => new TimelineHistory(one, [.. Ancestors(one)]));
        var files = Names(known).Distinct(StringComparer.Ordinal).Select(name => WalFile.Find(name)!);
        Inventory = new WalInventory(Size, [.. files], [.. histories], _bases);
        Kept = [.. _bases.Where(_ => random.Next(4) > 0).Select(one => one.Point)];
        Begin = At(random.Next(-2, _hour + 1));
    }

    public WalInventory Inventory { get; }

    public HashSet<Id> Kept { get; }

    public DateTimeOffset Begin { get; }

    /// <summary>The ends of all segments on the paths of all timelines, and when each was written.</summary>
    public IEnumerable<(uint Timeline, ulong Number, DateTimeOffset Written)> Instants =>
        from timeline in _written.Keys.Select(at => at.Timeline).Distinct()
        from number in _written.Keys.Select(at => at.Number).Distinct()
        let at = (On(timeline, ((number + 1) * Size) - 1), number)
        where _written.ContainsKey(at)
        select (timeline, number, At(_written[at]));

    /// <summary>True when a base backup can be replayed to the end of a segment on a timeline's path.</summary>
    public bool CanRestore(WalInventory left, uint timeline, ulong number)
    {
        var segments = left.Files.Where(file => file.Kind == WalFileKind.Segment).Select(file => file.Segment);
        var held = segments.Concat(left.Bases.SelectMany(one => one.Own(Size))).ToHashSet();
        return left.Bases.Any(one => one.Counts && LeadsTo(one) && IsHeld(one));

        bool LeadsTo(WalBase one)
        {
            var last = (ulong)one.Stop - 1;
            return last / Size <= number && On(timeline, last) == one.Timeline;
        }

        bool IsHeld(WalBase one)
        {
            for (var at = one.First(Size); at <= number; at++)
                if (!held.Contains(WalSegment.Of(On(timeline, ((at + 1) * Size) - 1), at, Size))) return false;
            return true;
        }
    }

    /// <summary>The timeline that a byte was written on, as the history of another one says.</summary>
    private uint On(uint timeline, ulong address)
    {
        if (_unknown.Contains(timeline)) return timeline;
        while (_parents.TryGetValue(timeline, out var parent) && address < parent.Address) timeline = parent.Timeline;
        return timeline;
    }

    private IEnumerable<TimelineSwitch> Ancestors(uint timeline)
    {
        if (!_parents.TryGetValue(timeline, out var parent)) return [];
        var earlier = Ancestors(parent.Timeline).Where(one => (ulong)one.Address < parent.Address);
        return [.. earlier, new TimelineSwitch(parent.Timeline, new NpgsqlLogSequenceNumber(parent.Address))];
    }

    /// <summary>The archive: most segments, some other files, and the histories that are known.</summary>
    private IEnumerable<string> Names(IReadOnlyList<uint> known) =>
    [
        .. _written.Keys.Where(_ => _random.Next(25) > 0).Select(at => Name(at.Timeline, at.Number)),
        .. from parent in _parents.Values
           where _random.Next(2) == 0
           select Name(parent.Timeline, parent.Address / Size) + ".partial",
        .. from one in _bases
           where _random.Next(3) == 0
           select Name(one.Timeline, one.First(Size)) + ".00000028.backup",
        .. known.Select(WalFile.HistoryName),
    ];

    /// <summary>Leaves an earlier timeline somewhere behind where that one began.</summary>
    private void Branch(uint timeline)
    {
        var parent = (uint)_random.Next(1, (int)timeline);
        var numbers = _written.Keys.Where(at => at.Timeline == parent).Select(at => at.Number).ToList();
        var address = (numbers[_random.Next(numbers.Count)] * Size) + (ulong)_random.Next(4) * (Size / 4);
        if (_parents.TryGetValue(parent, out var before) && address <= before.Address) address = before.Address + 100;
        _parents.Add(timeline, (parent, address));
        Live(timeline, address);
    }

    private void Live(uint timeline, ulong address)
    {
        var first = address / Size;
        var count = (ulong)_random.Next(1, 25);
        for (var number = first; number < first + count; number++)
        {
            _written.Add((timeline, number), _hour);
            if (_random.Next(4) == 0) BackUp(timeline, Math.Max(address, number * Size) + 100);
            _hour++;
        }
    }

    private void BackUp(uint timeline, ulong start)
    {
        var stop = start + (ulong)_random.Next(1, Size);
        var mark = stop + (ulong)_random.Next(1, Size / 2);
        var made = _hour + (int)(((mark - 1) / Size) - (start / Size)); // when the segment of the mark is written
        var ahead = _random.Next(8) == 0 ? _random.Next(40) : 0;
        var id = Id.Hash(Encoding.UTF8.GetBytes(_bases.Count.ToString(CultureInfo.InvariantCulture)));
        _bases.Add(new WalBase(id, timeline, new(start), new(stop), new(mark), At(made + ahead), _random.Next(8) > 0));
    }

    private static DateTimeOffset At(int hour) => _epoch.AddHours(hour);

    private static string Name(uint timeline, ulong number) => WalSegment.Of(timeline, number, Size).Name;
}
