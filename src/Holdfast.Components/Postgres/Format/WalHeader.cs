using System.Buffers.Binary;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// What the first page of a segment says of it and of the cluster that wrote it. Numbers are in the byte order of the server, which is taken
/// to be ours. Source: PostgreSQL, src/include/access/xlog_internal.h (XLogLongPageHeaderData, XLP_LONG_HEADER).
/// </summary>
/// <param name="Magic">The version of the log's format.</param>
/// <param name="Timeline">The timeline of the first page; an older one in the first segment of a timeline, whose beginning is a copy.</param>
/// <param name="Address">Where the segment begins.</param>
/// <param name="SystemIdentifier">What tells the cluster from every other one.</param>
/// <param name="SegmentSize">Bytes of a segment of the cluster.</param>
/// <param name="PageSize">Bytes of a page: 8192, unless the server was built otherwise.</param>
internal sealed record WalHeader(ushort Magic, uint Timeline, NpgsqlLogSequenceNumber Address, ulong SystemIdentifier, int SegmentSize, int PageSize)
{
    /// <summary>Bytes of the header.</summary>
    public const int Size = 40;

    private const ushort LongHeader = 2;

    /// <summary>The formats by the major version of the server. Source: XLOG_PAGE_MAGIC in xlog_internal.h of each.</summary>
    private static readonly Dictionary<ushort, int> Versions = new()
    {
        [0xD097] = 10, [0xD098] = 11, [0xD101] = 12, [0xD106] = 13, [0xD10D] = 14, [0xD110] = 15, [0xD113] = 16, [0xD116] = 17, [0xD118] = 18,
    };

    /// <summary>The major version of the server; null for one that is not known here.</summary>
    public int? Version => Versions.TryGetValue(Magic, out var version) ? version : null;

    /// <summary>Reads the beginning of a segment; null when it is none.</summary>
    public static WalHeader? Read(ReadOnlySpan<byte> page)
    {
        if (page.Length < Size || (BinaryPrimitives.ReadUInt16LittleEndian(page[2..]) & LongHeader) == 0) return null;
        var size = BinaryPrimitives.ReadUInt32LittleEndian(page[32..]);
        var pageSize = BinaryPrimitives.ReadUInt32LittleEndian(page[36..]);
        if (!WalSegment.IsSize(size) || pageSize is < 1024 or > 65536 || !uint.IsPow2(pageSize)) return null;
        return new WalHeader(
            BinaryPrimitives.ReadUInt16LittleEndian(page), BinaryPrimitives.ReadUInt32LittleEndian(page[4..]), new NpgsqlLogSequenceNumber(BinaryPrimitives.ReadUInt64LittleEndian(page[8..])),
            BinaryPrimitives.ReadUInt64LittleEndian(page[24..]), (int)size, (int)pageSize);
    }

    /// <summary>What does not fit between the header and the name and size of its file; null when all does.</summary>
    public string? Contradiction(WalSegment segment, long length)
    {
        if (length != SegmentSize) return $"it has {length} bytes, and segments of its cluster have {SegmentSize}";
        if (!segment.Fits(SegmentSize)) return $"no segment of {SegmentSize} bytes can have that name";
        if (Address != segment.Start(SegmentSize)) return $"it begins at {Address}, and its name says {segment.Start(SegmentSize)}";
        return Timeline > segment.Timeline ? $"it is of timeline {Timeline}, and its name says {segment.Timeline}" : null;
    }
}
