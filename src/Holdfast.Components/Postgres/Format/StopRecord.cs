using System.Buffers.Binary;
using System.Text;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// A record that recovery can stop at: the end of a transaction, or a restore point. Source: PostgreSQL,
/// src/include/access/xlogrecord.h (XLogRecord, XLogRecordDataHeader), xact.h (xl_xact_commit, xl_xact_abort),
/// xlog_internal.h (xl_restore_point), xactdesc.c (ParseCommitRecord, ParseAbortRecord). The layout is that of versions
/// 10 to 18.
/// </summary>
/// <param name="Start">The LSN at which it begins.</param>
/// <param name="End">The LSN at which the next record may begin, as pg_create_restore_point() returns it.</param>
/// <param name="Time">When the transaction ended, or the restore point was created.</param>
/// <param name="Transaction">The XID; null for a restore point.</param>
/// <param name="IsCommit">False for a transaction that was rolled back.</param>
/// <param name="Name">The name of the restore point; null for a transaction.</param>
internal readonly record struct StopRecord(NpgsqlLogSequenceNumber Start, NpgsqlLogSequenceNumber End, DateTimeOffset Time, uint? Transaction, bool IsCommit, string? Name)
{
    /// <summary>The size in bytes of the header that every record begins with.</summary>
    public const int HeadSize = 24;

    private const byte TransactionManager = 1, LogManager = 0, TransactionMask = 0x70, LogMask = 0xF0, Commit = 0x00, Abort = 0x20, CommitPrepared = 0x30, AbortPrepared = 0x40, RestorePoint = 0x70;

    /// <summary>
    /// Markers before the data of a record: short and long data, the replication origin, and the XID of the top-level
    /// transaction.
    /// </summary>
    private const byte DataShort = 255, DataLong = 254, Origin = 253, TopTransaction = 252;

    /// <summary>The size in bytes of a name with its terminating zero.</summary>
    private const int NameSize = 64;

    /// <summary>
    /// The largest part of a record that is read, in bytes: a prepared transaction's end has its XID after the lists of
    /// all that ended with it, which are shorter than this.
    /// </summary>
    private const int Longest = 64 << 20;

    private static readonly DateTimeOffset _epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// The number of bytes of a record that are needed to read it; 0 for a record that recovery never stops at.
    /// </summary>
    /// <param name="head">Its first <see cref="HeadSize"/> bytes.</param>
    /// <param name="length">The length of the whole record in bytes.</param>
    public static int Needs(ReadOnlySpan<byte> head, int length) => (head[17], head[16]) switch
    {
        (TransactionManager, var information) when (information & TransactionMask) is Commit or Abort => Math.Min(length, 64),
        (TransactionManager, var information) when (information & TransactionMask) is CommitPrepared or AbortPrepared => Math.Min(length, Longest),
        (LogManager, var information) when (information & LogMask) == RestorePoint => Math.Min(length, 128),
        _ => 0,
    };

    /// <summary>Reads as much of a record as is needed; null when it is not what its header states.</summary>
    public static StopRecord? Read(ReadOnlySpan<byte> record, int? version, NpgsqlLogSequenceNumber start, NpgsqlLogSequenceNumber end)
    {
        var data = DataOf(record[HeadSize..]);
        if (TimeOf(data) is not { } time) return null;
        if (record[17] == LogManager) return new StopRecord(start, end, time, null, IsCommit: false, NameOf(data[8..]));
        var (information, kind) = (record[16], record[16] & TransactionMask);
        var transaction = kind is Commit or Abort ? BinaryPrimitives.ReadUInt32LittleEndian(record[4..]) : PreparedIn(data, information, version);
        return new StopRecord(start, end, time, transaction, kind is Commit or CommitPrepared, null);
    }

    private static ReadOnlySpan<byte> DataOf(ReadOnlySpan<byte> data)
    {
        while (data.Length > 2)
        {
            switch (data[0])
            {
                case Origin: data = data[3..]; break;
                case TopTransaction: data = data[Math.Min(5, data.Length)..]; break;
                case DataShort: return data[2..];
                case DataLong: return data[Math.Min(5, data.Length)..];
                default: return default; // a block reference: none of these records has one
            }
        }
        return default;
    }

    /// <summary>
    /// The time in microseconds since 2000, with which both a transaction's end and a restore point begin.
    /// </summary>
    private static DateTimeOffset? TimeOf(ReadOnlySpan<byte> data)
    {
        if (data.Length < 8) return null;
        var microseconds = BinaryPrimitives.ReadInt64LittleEndian(data);
        return microseconds is > 0 and < 100L * 366 * 86_400 * 1_000_000 ? _epoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) : null;
    }

    private static string NameOf(ReadOnlySpan<byte> data)
    {
        var name = data[..Math.Min(NameSize, data.Length)];
        return Encoding.UTF8.GetString(name.IndexOf((byte)0) is var end and >= 0 ? name[..end] : name);
    }

    /// <summary>
    /// The XID of a prepared transaction, which follows the lists of what ended with it: a flag states whether a list
    /// is present, and each has a size in bytes per item.
    /// </summary>
    private static uint? PreparedIn(ReadOnlySpan<byte> data, byte information, int? version)
    {
        const byte hasInformation = 0x80;
        const uint database = 1 << 0, subtransactions = 1 << 1, relations = 1 << 2, invalidations = 1 << 3, prepared = 1 << 4, statistics = 1 << 8;
        if ((information & hasInformation) == 0 || data.Length < 12) return null;
        var told = BinaryPrimitives.ReadUInt32LittleEndian(data[8..]);
        var at = 12L + ((told & database) != 0 ? 8 : 0);
        // An item of statistics has a number of 64 bits from version 18 on.
        foreach (var (bit, size) in ((uint, long)[])[(subtransactions, 4), (relations, 12), (statistics, version >= 18 ? 16 : 12), (invalidations, 16)])
        {
            if ((told & bit) == 0) continue;
            if (at + 4 > data.Length) return null;
            at += 4 + (BinaryPrimitives.ReadUInt32LittleEndian(data[(int)at..]) * size);
        }
        return (told & prepared) != 0 && at + 4 <= data.Length ? BinaryPrimitives.ReadUInt32LittleEndian(data[(int)at..]) : null;
    }
}
