using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>A segment that is being received over the replication protocol. Not thread-safe.</summary>
internal sealed class ReceivedSegment(WalSegment segment, int size)
{
    private readonly byte[] _content = new byte[size];

    public WalSegment Segment => segment;

    /// <summary>The number of bytes received.</summary>
    public int Filled { get; private set; }

    /// <summary>The LSN after the last byte received.</summary>
    public NpgsqlLogSequenceNumber Reached => new((ulong)segment.Start(size) + (uint)Filled);

    /// <summary>Adds received data, which may extend over the end of the segment.</summary>
    /// <param name="address">The LSN at which the data begins.</param>
    /// <param name="data">The data; its length is known.</param>
    /// <param name="whole">Called with each segment that becomes complete, before the next one begins.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <returns>The segment to continue with: this one or a later one, never a complete one.</returns>
    /// <exception cref="InvalidDataException">The data does not begin where the previous data ended.</exception>
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

    /// <summary>The segment as a file to archive: whole, or up to the last byte received.</summary>
    /// <param name="end">The LSN from which on the content is left out; null to leave out nothing.</param>
    public WalSource ToSource(NpgsqlLogSequenceNumber? end = null) => end < Reached
        ? WalSource.Of(WalFile.Find($"{segment.Name}.partial")!, _content.AsMemory(0, (int)((ulong)end.Value - (ulong)segment.Start(size))))
        : ToSource();

    private WalSource ToSource() => Filled == size
        ? WalSource.Of(WalFile.Find(segment.Name)!, _content)
        : WalSource.Of(WalFile.Find($"{segment.Name}.partial")!, _content.AsMemory(0, Filled));
}
