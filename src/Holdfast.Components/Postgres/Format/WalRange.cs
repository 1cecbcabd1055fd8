using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>Segments of one timeline that follow each other without a gap.</summary>
internal sealed record WalRange(WalSegment First, WalSegment Last, int SegmentSize)
{
    public uint Timeline => First.Timeline;

    public long Count => (long)(Last.Number(SegmentSize) - First.Number(SegmentSize)) + 1;

    public NpgsqlLogSequenceNumber Start => First.Start(SegmentSize);

    /// <summary>The LSN after the last byte.</summary>
    public NpgsqlLogSequenceNumber End => Last.End(SegmentSize);

    public override string ToString() => First == Last ? First.Name : $"{First.Name} to {Last.Name}";

    /// <summary>Groups segments into ranges, by timeline and LSN.</summary>
    public static IReadOnlyList<WalRange> Of(IEnumerable<WalSegment> segments, int size)
    {
        var ranges = new List<WalRange>();
        foreach (var segment in segments.Order())
        {
            if (ranges.Count > 0 && ranges[^1].Timeline == segment.Timeline && ranges[^1].Last.Number(size) + 1 == segment.Number(size)) ranges[^1] = ranges[^1] with { Last = segment };
            else ranges.Add(new WalRange(segment, segment, size));
        }
        return ranges;
    }
}

/// <summary>Segments that are missing between two that exist.</summary>
internal sealed record WalGap(WalSegment First, WalSegment Last, int SegmentSize)
{
    public long Count => (long)(Last.Number(SegmentSize) - First.Number(SegmentSize)) + 1;

    public override string ToString() => First == Last ? First.Name : $"{First.Name} to {Last.Name} ({Count} segments)";
}
