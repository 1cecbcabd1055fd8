using System.Globalization;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>Where one timeline was left for the next.</summary>
internal sealed record TimelineSwitch(uint Timeline, NpgsqlLogSequenceNumber Address);

/// <summary>
/// The history of a timeline: those it came from, oldest first, and where each was left. Source: PostgreSQL, src/backend/access/transam/timeline.c
/// (readTimeLineHistory): lines of a number, an address and a reason, '#' begins a comment.
/// </summary>
internal sealed record TimelineHistory(uint Timeline, IReadOnlyList<TimelineSwitch> Ancestors)
{
    /// <summary>Reads a history file; null when it is none.</summary>
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
    /// The timeline that the bytes at an address were written on, when this history is followed: the newest that has begun by then. Each begins
    /// where the one before it was left, and that may lie before the beginning of that one: where a restore follows a branch, and ends before it.
    /// Source: tliOfPointInHistory in the same file.
    /// </summary>
    public uint TimelineAt(NpgsqlLogSequenceNumber address)
    {
        for (var i = Ancestors.Count - 1; i >= 0; i--)
            if (address >= Ancestors[i].Address) return i + 1 < Ancestors.Count ? Ancestors[i + 1].Timeline : Timeline;
        return Ancestors.Count > 0 ? Ancestors[0].Timeline : Timeline;
    }

    /// <summary>True when this history is of a timeline, or of one that goes on from it behind an address.</summary>
    public bool Continues(uint timeline, NpgsqlLogSequenceNumber end) => Timeline == timeline || TimelineAt(new NpgsqlLogSequenceNumber((ulong)end - 1)) == timeline;

    /// <summary>Where another history leaves this one.</summary>
    public NpgsqlLogSequenceNumber PartsFrom(TimelineHistory other) => Ancestors.Concat(other.Ancestors).Select(ancestor => ancestor.Address).Where(address => TimelineAt(address) != other.TimelineAt(address)).DefaultIfEmpty().Min();
}
