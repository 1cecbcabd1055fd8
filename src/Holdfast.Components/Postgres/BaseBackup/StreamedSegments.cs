using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>Splits received WAL into segments, up to an LSN.</summary>
/// <param name="first">The first segment.</param>
/// <param name="last">The LSN that the stream has to reach; what follows it is left out.</param>
/// <param name="size">The size of a segment in bytes.</param>
/// <param name="add">Receives each file; of the segment that holds the last LSN, only the part before it.</param>
internal sealed class StreamedSegments(WalSegment first, NpgsqlLogSequenceNumber last, int size, Func<WalSource, Task> add)
{
    private ReceivedSegment _segment = new(first, size);
    private int _whole;

    public long BytesTotal => (long)((ulong)last - (ulong)first.Start(size));

    public long BytesDone => Math.Min(BytesTotal, (long)((ulong)_segment.Reached - (ulong)first.Start(size)));

    public bool AreComplete => _segment.Reached >= last;

    /// <summary>The LSN up to which all segments have been added.</summary>
    public NpgsqlLogSequenceNumber Kept => _segment.Segment.Start(size);

    /// <exception cref="InvalidDataException">The stream continues at another LSN.</exception>
    public async Task TakeAsync(NpgsqlLogSequenceNumber address, Stream data, CancellationToken cancellation) => _segment = await _segment.TakeAsync(address, data, AddAsync, cancellation);

    /// <summary>Adds the received part of an incomplete segment.</summary>
    /// <returns>The number of complete segments.</returns>
    public async Task<int> EndAsync()
    {
        if (_segment.Filled > 0) await AddAsync(_segment);
        return _whole;
    }

    private async Task AddAsync(ReceivedSegment segment)
    {
        if (segment.Segment.Start(size) >= last) return;
        var source = segment.ToSource(last);
        await add(source);
        if (source.File.Kind == WalFileKind.Segment) _whole++;
    }
}
