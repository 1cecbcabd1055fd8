using System.Buffers;
using System.Globalization;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Quantities;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Searches the WAL that a restore will replay for the end of a transaction, for a restore point, or for the first
/// record after an LSN. The server itself searches only while it replays, and reports a missing target only when all
/// WAL has been replayed (version 12 does not report it at all).
/// </summary>
/// <param name="target">The target to search for.</param>
/// <param name="from">Where replay begins.</param>
/// <param name="tell">Reports the progress of a long search.</param>
internal sealed class TargetSearch(RecoveryTarget target, NpgsqlLogSequenceNumber from, Action<string> tell)
{
    /// <summary>How many restore points are listed when the target is not among them.</summary>
    private const int Listed = 8;

    private const int Buffer = 1 << 20;

    /// <summary>How many bytes are read before progress is first reported: this takes seconds.</summary>
    private const long Quiet = 1L << 30;

    private readonly List<StopRecord> _names = [];
    private StopRecord? _found, _below, _above;
    private WalReader? _reader;

    /// <summary>Called for each complete record, with its LSN and the LSN where the next one may begin.</summary>
    public Action<NpgsqlLogSequenceNumber, NpgsqlLogSequenceNumber>? OnRecord { get; init; }

    /// <returns>The first matching record; null when there is none.</returns>
    public async Task<StopRecord?> RunAsync(IReadOnlyList<WalSegment> segments, int size, Func<string, CancellationToken, Task<Stream>> open, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            for (var i = 0; i < segments.Count && _found is null; i++)
            {
                if ((long)i * size % Quiet < size && (long)segments.Count * size > Quiet)
                    tell($"Looking for {target.Text} in {ByteSize.Describe((long)segments.Count * size)} of WAL{(i == 0 ? "" : $": {ByteSize.Describe((long)i * size)} have been read")}.");
                await using var content = await open(segments[i].Name, cancellation);
                await ReadAsync(content, segments[i].Start(size), buffer, cancellation);
            }
            return _found;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>When the last of the transactions read so far ended.</summary>
    public DateTimeOffset? Newest { get; private set; }

    /// <summary>Describes in words what the WAL holds instead.</summary>
    public string Seen
    {
        get
        {
            if (target.Name is null) return (_below, _above) switch
            {
                ({ } below, { } above) => $"The next one below that ended in it is {Show(below)}, the next one above is {Show(above)}. One that is part of another, or that a crash has ended, stands nowhere.",
                ({ } below, null) => $"It has lower ones only, the last is {Show(below)}: this one had not ended by then.",
                (null, { } above) => $"It has higher ones only, the first is {Show(above)}: choose an older recovery point.",
                _ => "No transaction ended in it.",
            };
            var (names, more) = (_names.TakeLast(Listed).Select(Show), _names.Count - Listed);
            return _names.Count == 0 ? "There are no restore points in it." : $"The restore points in it are {string.Join(", ", names)}{(more > 0 ? $", and {more} before these" : "")}.";
        }
    }

    private async Task ReadAsync(Stream content, NpgsqlLogSequenceNumber address, byte[] buffer, CancellationToken cancellation)
    {
        while (_found is null && await content.ReadAtLeastAsync(buffer.AsMemory(0, Buffer), Buffer, throwOnEndOfStream: false, cancellation) is var count and > 0)
        {
            if (_reader is null && WalHeader.Read(buffer.AsSpan(0, count)) is { } header) _reader = new WalReader(header, Judge, OnRecord ?? (target.IsAddress ? Pass : null));
            _reader?.Read(buffer.AsSpan(0, count), address);
            address = new NpgsqlLogSequenceNumber((ulong)address + (ulong)count);
        }
    }

    private void Judge(StopRecord record)
    {
        if (record.Start < from || _found is not null) return;
        if (record.Transaction is not null && !(record.Time <= Newest)) Newest = record.Time;
        if (target.IsMetBy(record)) _found = record;
        else if (target.Name is not null && record.Name is not null) _names.Add(record);
        else if (target.Transaction is { } wished && record.Transaction is { } other) Compare(record, Distance(other, wished));
    }

    private void Pass(NpgsqlLogSequenceNumber start, NpgsqlLogSequenceNumber end)
    {
        if (_found is null && start >= target.Address) _found = new StopRecord(start, end, default, null, IsCommit: false, null);
    }

    private void Compare(StopRecord record, int distance)
    {
        var wished = target.Transaction!.Value;
        if (distance < 0 && !(_below is { } below && Distance(below.Transaction!.Value, wished) >= distance)) _below = record;
        if (distance > 0 && !(_above is { } above && Distance(above.Transaction!.Value, wished) <= distance)) _above = record;
    }

    /// <summary>The distance of two XIDs, which wrap around.</summary>
    private static int Distance(uint left, uint right) => unchecked((int)(left - right));

    private static string Show(StopRecord record) => string.Create(CultureInfo.InvariantCulture, $"{record.Name ?? $"{record.Transaction}"} ({record.Time:yyyy-MM-dd HH:mm:ss.fffzzz})");
}
