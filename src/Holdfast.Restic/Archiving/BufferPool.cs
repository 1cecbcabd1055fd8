using System.Collections.Concurrent;
using Holdfast.Restic.Chunking;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// The buffers that chunks are read into, each as large as the largest chunk; only pages that were used take memory.
/// A stream holds at most two (the chunk it fills, and the next), so streams wait for a place: nobody who holds a buffer
/// waits for one that only he could give back.
/// </summary>
internal sealed class BufferPool : IDisposable
{
    private readonly ConcurrentStack<byte[]> _idle = new();
    private readonly SemaphoreSlim _buffers;
    private readonly SemaphoreSlim _streams;

    /// <param name="count">Buffers in all; at least 3.</param>
    public BufferPool(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 3);
        _buffers = new SemaphoreSlim(count);
        _streams = new SemaphoreSlim(count - 1);
    }

    public Task EnterAsync(CancellationToken cancellation) => _streams.WaitAsync(cancellation);

    public void Leave() => _streams.Release();

    public async ValueTask<byte[]> RentAsync(CancellationToken cancellation)
    {
        await _buffers.WaitAsync(cancellation);
        return _idle.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(RabinChunker.MaxSize);
    }

    public void Return(byte[] buffer)
    {
        _idle.Push(buffer);
        _buffers.Release();
    }

    public void Dispose()
    {
        _buffers.Dispose();
        _streams.Dispose();
    }
}
