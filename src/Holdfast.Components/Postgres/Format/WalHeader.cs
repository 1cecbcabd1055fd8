using System.Buffers.Binary;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// The long header of the first page of a segment, which describes the segment and the cluster that wrote it. Numbers
/// are in the byte order of the server, which is assumed to be that of this machine. Source: PostgreSQL,
/// src/include/access/xlog_internal.h (XLogLongPageHeaderData, XLP_LONG_HEADER).
/// </summary>
/// <param name="Magic">The version of the WAL format.</param>
/// <param name="Timeline">
/// The timeline of the first page; an older one in the first segment of a timeline, whose beginning is a copy.
/// </param>
/// <param name="Address">The LSN at which the segment begins.</param>
/// <param name="SystemIdentifier">The system identifier, which distinguishes the cluster from every other one.</param>
/// <param name="SegmentSize">The segment size of the cluster in bytes.</param>
/// <param name="PageSize">The page size in bytes: 8192, unless the server was built otherwise.</param>
internal sealed record WalHeader(ushort Magic, uint Timeline, NpgsqlLogSequenceNumber Address, ulong SystemIdentifier, int SegmentSize, int PageSize)
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 40;

    private const ushort LongHeader = 2;

    /// <summary>
    /// The major version of the server by WAL format. Source: XLOG_PAGE_MAGIC in xlog_internal.h of each version.
    /// </summary>
    private static readonly Dictionary<ushort, int> Versions = new()
    {
        [0xD097] = 10, [0xD098] = 11, [0xD101] = 12, [0xD106] = 13, [0xD10D] = 14, [0xD110] = 15, [0xD113] = 16, [0xD116] = 17, [0xD118] = 18,
    };

    /// <summary>The major version of the server; null for an unknown format.</summary>
    public int? Version => Versions.TryGetValue(Magic, out var version) ? version : null;

    /// <summary>Reads the beginning of a segment; null when it is not a valid header.</summary>
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

    /// <summary>
    /// Describes a mismatch between the header and the name and size of its file; null when there is none.
    /// </summary>
    public string? Contradiction(WalSegment segment, long length)
    {
        if (length != SegmentSize) return $"it has {length} bytes, and segments of its cluster have {SegmentSize}";
        if (!segment.Fits(SegmentSize)) return $"no segment of {SegmentSize} bytes can have that name";
        if (Address != segment.Start(SegmentSize)) return $"it begins at {Address}, and its name says {segment.Start(SegmentSize)}";
        return Timeline > segment.Timeline ? $"it is of timeline {Timeline}, and its name says {segment.Timeline}" : null;
    }
}
