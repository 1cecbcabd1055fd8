using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>The times at which transactions ended in a segment.</summary>
internal sealed class WalRecords
{
    private WalRecords()
    {
    }

    /// <summary>The end of the first transaction that ended in the segment.</summary>
    public DateTimeOffset? First { get; private set; }

    /// <summary>
    /// The end of the last transaction or restore point: replaying to the end of the segment restores it.
    /// </summary>
    public DateTimeOffset? Last { get; private set; }

    /// <summary>
    /// The end of the last transaction, without restore points: for a target time, the server stops only at the end of
    /// a transaction.
    /// </summary>
    public DateTimeOffset? LastTransaction { get; private set; }

    /// <summary>Reads the records of a segment, up to its end or to the last byte that was written.</summary>
    /// <param name="segment">The whole segment.</param>
    /// <param name="next">
    /// The segment after it, in which its last record may end; null when there is none. Records that begin there count
    /// as well.
    /// </param>
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
