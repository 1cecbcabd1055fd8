using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>The times of the transactions that ended in a segment.</summary>
internal sealed class WalRecords
{
    private WalRecords()
    {
    }

    /// <summary>When the first transaction ended that did in the segment.</summary>
    public DateTimeOffset? First { get; private set; }

    /// <summary>When the last one ended: replaying to the end of the segment brings it back.</summary>
    public DateTimeOffset? Last { get; private set; }

    /// <summary>The same without restore points: the server stops for a wished time at the end of a transaction only.</summary>
    public DateTimeOffset? LastTransaction { get; private set; }

    /// <summary>Reads what a segment holds, to its end or to where it has not been written further.</summary>
    /// <param name="segment">All of it.</param>
    /// <param name="next">The one behind it, in which its last record may end; null when there is none. What begins there counts as well.</param>
    public static WalRecords Read(byte[] segment, byte[]? next = null)
    {
        var header = WalHeader.Read(segment) ?? throw new InvalidDataException("It does not begin as a segment of WAL does.");
        var records = new WalRecords();
        var reader = new WalReader(header, records.Note);
        reader.Read(segment, header.Address);
        if (next is not null) reader.Read(next, new NpgsqlLogSequenceNumber((ulong)header.Address + (ulong)segment.Length));
        return records;
    }

    private void Note(StopRecord record)
    {
        First ??= record.Time;
        if (record.Name is null && !(record.Time < LastTransaction)) LastTransaction = record.Time;
        if (Last is null || record.Time > Last) Last = record.Time;
    }
}
