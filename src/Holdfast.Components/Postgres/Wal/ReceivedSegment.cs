using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>A segment that is coming in over the replication protocol.</summary>
internal sealed class ReceivedSegment(WalSegment segment, int size)
{
    private readonly byte[] _content = new byte[size];

    public WalSegment Segment => segment;

    /// <summary>Bytes that have come.</summary>
    public int Filled { get; private set; }

    /// <summary>The address after the last byte that has come.</summary>
    public NpgsqlLogSequenceNumber Reached => new((ulong)segment.Start(size) + (uint)Filled);

    /// <summary>Takes what has come, which may lie across the end of the segment.</summary>
    /// <param name="address">Where it begins.</param>
    /// <param name="data">All of it, with a length.</param>
    /// <param name="whole">Told of each segment that it completes, before the next one begins.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The segment that goes on: this one or a later one, never whole.</returns>
    /// <exception cref="InvalidDataException">The stream goes on somewhere else.</exception>
    public async Task<ReceivedSegment> TakeAsync(NpgsqlLogSequenceNumber address, Stream data, Func<ReceivedSegment, Task> whole, CancellationToken cancellation)
    {
        if (address != Reached) throw new InvalidDataException($"the server sent WAL of {address}, and {Reached} was next");
        var (going, left) = (this, data.Length);
        while (left > 0)
        {
            left -= await going.FillAsync(data, left, cancellation);
            if (going.Filled < size) continue;
            await whole(going);
            going = new ReceivedSegment(going.Segment.Next(size), size);
        }
        return going;
    }

    private async Task<int> FillAsync(Stream data, long length, CancellationToken cancellation)
    {
        var count = (int)Math.Min(length, size - Filled);
        await data.ReadExactlyAsync(_content.AsMemory(Filled, count), cancellation);
        Filled += count;
        return count;
    }

    /// <summary>The file that it is: whole, or as far as it has come.</summary>
    /// <param name="end">What lies behind it is left out; null for none of it.</param>
    public WalSource ToSource(NpgsqlLogSequenceNumber? end = null) => end < Reached
        ? WalSource.Of(WalFile.Find($"{segment.Name}.partial")!, _content.AsMemory(0, (int)((ulong)end.Value - (ulong)segment.Start(size))))
        : ToSource();

    private WalSource ToSource() => Filled == size
        ? WalSource.Of(WalFile.Find(segment.Name)!, _content)
        : WalSource.Of(WalFile.Find($"{segment.Name}.partial")!, _content.AsMemory(0, Filled));
}
