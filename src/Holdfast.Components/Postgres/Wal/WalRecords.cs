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
    public static WalRecords Read(byte[] segment)
    {
        var header = WalHeader.Read(segment) ?? throw new InvalidDataException("It does not begin as a segment of WAL does.");
        var records = new WalRecords();
        new WalReader(header, records.Note).Read(segment, header.Address);
        return records;
    }

    private void Note(StopRecord record)
    {
        First ??= record.Time;
        if (record.Name is null && !(record.Time < LastTransaction)) LastTransaction = record.Time;
        if (Last is null || record.Time > Last) Last = record.Time;
    }
}
