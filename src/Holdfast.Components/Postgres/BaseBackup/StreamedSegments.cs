using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>Cuts WAL that comes in into segments, up to an address.</summary>
/// <param name="first">Where it begins.</param>
/// <param name="last">The address that it has to reach; what comes behind it is left out.</param>
/// <param name="size">Bytes of a segment.</param>
/// <param name="add">Takes each file; of a segment in which the address lies, what is before it.</param>
internal sealed class StreamedSegments(WalSegment first, NpgsqlLogSequenceNumber last, int size, Func<WalSource, Task> add)
{
    private ReceivedSegment _segment = new(first, size);
    private int _whole;

    public long BytesTotal => (long)((ulong)last - (ulong)first.Start(size));

    public long BytesDone => Math.Min(BytesTotal, (long)((ulong)_segment.Reached - (ulong)first.Start(size)));

    public bool AreComplete => _segment.Reached >= last;

    /// <summary>All before this address has been added.</summary>
    public NpgsqlLogSequenceNumber Kept => _segment.Segment.Start(size);

    /// <exception cref="InvalidDataException">The stream goes on somewhere else.</exception>
    public async Task TakeAsync(NpgsqlLogSequenceNumber address, Stream data, CancellationToken cancellation) => _segment = await _segment.TakeAsync(address, data, AddAsync, cancellation);

    /// <summary>Adds what has come of a segment that is not whole.</summary>
    /// <returns>How many segments were whole.</returns>
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
