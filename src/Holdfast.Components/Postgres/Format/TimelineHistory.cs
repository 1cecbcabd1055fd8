using System.Globalization;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>The LSN at which one timeline was left for the next.</summary>
internal sealed record TimelineSwitch(uint Timeline, NpgsqlLogSequenceNumber Address);

/// <summary>
/// The history of a timeline: its ancestors, oldest first, and the LSN at which each was left. Source: PostgreSQL,
/// src/backend/access/transam/timeline.c (readTimeLineHistory): lines of a number, an LSN and a reason, '#' begins a
/// comment.
/// </summary>
internal sealed record TimelineHistory(uint Timeline, IReadOnlyList<TimelineSwitch> Ancestors)
{
    /// <summary>Parses a history file; null when it is not valid.</summary>
    public static TimelineHistory? Parse(uint timeline, string text)
    {
        var ancestors = new List<TimelineSwitch>();
        foreach (var line in text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var words = line.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !uint.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ancestor) || !NpgsqlLogSequenceNumber.TryParse(words[1], out var address)) return null;
            if (ancestor >= timeline || (ancestors.Count > 0 && ancestor <= ancestors[^1].Timeline)) return null;
            ancestors.Add(new TimelineSwitch(ancestor, address));
        }
        return new TimelineHistory(timeline, ancestors);
    }

    /// <summary>
    /// The timeline on which the byte at an LSN was written, following this history: the newest that has begun by then.
    /// Each begins where the one before it was left, which may be before the beginning of that one: where a restore
    /// follows a branch, and ends before it. Source: tliOfPointInHistory in the same file.
    /// </summary>
    public uint TimelineAt(NpgsqlLogSequenceNumber address)
    {
        for (var i = Ancestors.Count - 1; i >= 0; i--)
            if (address >= Ancestors[i].Address) return i + 1 < Ancestors.Count ? Ancestors[i + 1].Timeline : Timeline;
        return Ancestors.Count > 0 ? Ancestors[0].Timeline : Timeline;
    }

    /// <summary>
    /// True when this is the history of a timeline, or of one that branched off from it after an LSN.
    /// </summary>
    public bool Continues(uint timeline, NpgsqlLogSequenceNumber end) => Timeline == timeline || TimelineAt(new NpgsqlLogSequenceNumber((ulong)end - 1)) == timeline;

    /// <summary>The LSN at which another history diverges from this one.</summary>
    public NpgsqlLogSequenceNumber PartsFrom(TimelineHistory other) => Ancestors.Concat(other.Ancestors).Select(ancestor => ancestor.Address).Where(address => TimelineAt(address) != other.TimelineAt(address)).DefaultIfEmpty().Min();
}
