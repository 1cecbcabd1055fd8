using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>A segment that is coming in over the replication protocol.</summary>
internal sealed class ReceivedSegment(WalSegment segment, int size)
{
    private readonly byte[] _content = new byte[size];

    public WalSegment Segment => segment;

    /// <summary>Bytes that have come.</summary>
    public int Filled { get; private set; }

    public bool IsWhole => Filled == size;

    /// <summary>The address after the last byte that has come.</summary>
    public NpgsqlLogSequenceNumber Reached => new((ulong)segment.Start(size) + (uint)Filled);

    /// <summary>Takes what belongs to it from a stream of so many bytes; returns how many it took.</summary>
    /// <exception cref="InvalidDataException">The stream goes on somewhere else.</exception>
    public async Task<int> TakeAsync(NpgsqlLogSequenceNumber address, Stream data, long length, CancellationToken cancellation)
    {
        if (address != Reached) throw new InvalidDataException($"the server sent WAL of {address}, and {Reached} was next");
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

    private WalSource ToSource() => IsWhole
        ? WalSource.Of(WalFile.Find(segment.Name)!, _content)
        : WalSource.Of(WalFile.Find($"{segment.Name}.partial")!, _content.AsMemory(0, Filled));
}
