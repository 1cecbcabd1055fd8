using System.Buffers.Binary;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// The times of the transactions that ended in a segment: from its records of resource manager "Transaction", whose data begin with the time.
/// Source: PostgreSQL, src/include/access/xlogrecord.h (XLogRecord, XLogRecordDataHeader), xact.h (xl_xact_commit, xl_xact_abort),
/// xlog_internal.h (XLogPageHeaderData). The layout is that of versions 10 to 18.
/// </summary>
internal sealed class WalRecords
{
    private const int PageHeader = 24, RecordHeader = 24, Alignment = 8;
    private const byte Transaction = 1, XLog = 0, TransactionMask = 0x70, XLogMask = 0xF0, Commit = 0x00, Abort = 0x20, CommitPrepared = 0x30, AbortPrepared = 0x40, RestorePoint = 0x70;

    /// <summary>Markers before the data of a record: short and long data, where it was replicated from, and the top transaction.</summary>
    private const byte DataShort = 255, DataLong = 254, Origin = 253, TopTransaction = 252;

    private static readonly DateTimeOffset _epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly byte[] _segment;
    private readonly int _pageSize;
    private readonly byte[] _head = new byte[64];
    private int _at;

    private WalRecords(byte[] segment, int pageSize) => (_segment, _pageSize) = (segment, pageSize);

    /// <summary>When the first transaction ended that did in the segment.</summary>
    public DateTimeOffset? First { get; private set; }

    /// <summary>When the last one ended: replaying to the end of the segment brings it back.</summary>
    public DateTimeOffset? Last { get; private set; }

    /// <summary>The same without restore points: the server stops for a wished time at the end of a transaction only.</summary>
    public DateTimeOffset? LastTransaction { get; private set; }

    /// <summary>Reads what a segment holds, to its end or to where it has not been written further.</summary>
    public static WalRecords Read(byte[] segment)
    {
        var header = WalHeader.Read(segment) ?? throw new InvalidDataException("It does not begin as a segment of WAL does.");
        var records = new WalRecords(segment, header.PageSize);
        records.ReadAll(header);
        return records;
    }

    private void ReadAll(WalHeader header)
    {
        _at = WalHeader.Size;
        // The rest of a record that began in the segment before.
        if (!Skip(Remaining(0))) return;
        while (NextRecord(header)) { }
    }

    /// <summary>Reads one record; false at the end of what was written.</summary>
    private bool NextRecord(WalHeader header)
    {
        _at = (_at + Alignment - 1) / Alignment * Alignment;
        if (!EnterPage(header)) return false;
        if (_at + 4 > _segment.Length) return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_segment.AsSpan(_at));
        if (length < RecordHeader || length > int.MaxValue) return false;
        var head = Math.Min(_head.Length, (int)length);
        if (!Copy(_head.AsSpan(0, head))) return false;
        Judge(_head.AsSpan(0, head));
        return Skip((int)length - head);
    }

    private void Judge(ReadOnlySpan<byte> record)
    {
        var (information, manager) = (record[16], record[17]);
        var isTimed = manager switch
        {
            Transaction => (information & TransactionMask) is Commit or Abort or CommitPrepared or AbortPrepared,
            XLog => (information & XLogMask) == RestorePoint,
            _ => false,
        };
        if (!isTimed || TimeOf(record[RecordHeader..]) is not { } time) return;
        First ??= time;
        if (manager == Transaction && !(time < LastTransaction)) LastTransaction = time;
        if (Last is null || time > Last) Last = time;
    }

    /// <summary>Both a transaction's end and a restore point begin with their time, in microseconds since 2000.</summary>
    private static DateTimeOffset? TimeOf(ReadOnlySpan<byte> data)
    {
        while (data.Length > 2)
        {
            switch (data[0])
            {
                case Origin: data = data[3..]; break;
                case TopTransaction: data = data[Math.Min(5, data.Length)..]; break;
                case DataShort: return Time(data[2..]);
                case DataLong: return Time(data[Math.Min(5, data.Length)..]);
                default: return null; // a reference to a page: no record of ours has one
            }
        }
        return null;
    }

    private static DateTimeOffset? Time(ReadOnlySpan<byte> data)
    {
        if (data.Length < 8) return null;
        var microseconds = BinaryPrimitives.ReadInt64LittleEndian(data);
        return microseconds is > 0 and < 100L * 366 * 86_400 * 1_000_000 ? _epoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) : null;
    }

    /// <summary>At the beginning of a page its header is passed over; false where the page was not written.</summary>
    private bool EnterPage(WalHeader header)
    {
        if (_at % _pageSize != 0) return true;
        if (_at + PageHeader > _segment.Length) return false;
        var page = _segment.AsSpan(_at);
        if (BinaryPrimitives.ReadUInt16LittleEndian(page) != header.Magic) return false;
        if (BinaryPrimitives.ReadUInt64LittleEndian(page[8..]) != (ulong)header.Address + (ulong)_at) return false;
        _at += PageHeader;
        return true;
    }

    private int Remaining(int page) => (int)BinaryPrimitives.ReadUInt32LittleEndian(_segment.AsSpan(page + 16));

    /// <summary>Copies the next bytes of a record, over the headers of pages between.</summary>
    private bool Copy(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            if (!CrossPage()) return false;
            var count = Math.Min(target.Length, _pageSize - (_at % _pageSize));
            _segment.AsSpan(_at, count).CopyTo(target);
            _at += count;
            target = target[count..];
        }
        return true;
    }

    private bool Skip(int count)
    {
        while (count > 0)
        {
            if (!CrossPage()) return false;
            var step = Math.Min(count, _pageSize - (_at % _pageSize));
            _at += step;
            count -= step;
        }
        return true;
    }

    /// <summary>Steps over a page's header when a record goes on there; false at the end of the segment, where it goes on in the next.</summary>
    private bool CrossPage()
    {
        if (_at >= _segment.Length) return false;
        if (_at % _pageSize == 0) _at += PageHeader;
        return true;
    }
}
