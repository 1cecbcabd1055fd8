using System.Collections.Concurrent;
using Holdfast.Restic.Chunking;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// The buffers that chunks are read into. Most chunks fit a small buffer; the few large chunks move to one of the few
/// large buffers, so that no memory is reserved for the longest chunk ever seen. A stream fills one buffer and needs a
/// small one to continue, and there is one more than streams are admitted: no holder of a buffer ever waits for one
/// that only it could release.
/// </summary>
internal sealed class BufferPool : IDisposable
{
    public const int SmallSize = 2 << 20;

    private readonly SemaphoreSlim _streams;
    private readonly Shelf _small;
    private readonly Shelf _large;

    /// <param name="memory">
    /// The total in bytes, half of it for large buffers; at least three small buffers and one large buffer are
    /// allocated.
    /// </param>
    public BufferPool(long memory)
    {
        var small = (int)Math.Max(3, memory / 2 / SmallSize);
        _streams = new SemaphoreSlim(small - 1);
        _small = new Shelf(SmallSize, small);
        _large = new Shelf(RabinChunker.MaxSize, (int)Math.Max(1, memory / 2 / RabinChunker.MaxSize));
    }

    public Task EnterAsync(CancellationToken cancellation) => _streams.WaitAsync(cancellation);

    public void Leave() => _streams.Release();

    public ValueTask<NativeBuffer> RentAsync(CancellationToken cancellation) => _small.TakeAsync(cancellation);

    /// <summary>Moves the content of a full small buffer to a large one.</summary>
    public async ValueTask<NativeBuffer> EnlargeAsync(NativeBuffer full, CancellationToken cancellation)
    {
        var large = await _large.TakeAsync(cancellation);
        full.GetSpan().CopyTo(large.GetSpan());
        _small.Return(full);
        return large;
    }

    public void Return(NativeBuffer buffer)
    {
        if (buffer.Length == SmallSize)
        {
            _small.Return(buffer);
            return;
        }
        buffer.Trim(SmallSize);
        _large.Return(buffer);
    }

    public void Dispose()
    {
        _streams.Dispose();
        _small.Dispose();
        _large.Dispose();
    }

    /// <summary>
    /// A number of buffers of one size, allocated on first use; the buffer used last is lent first, because its memory
    /// is already mapped.
    /// </summary>
    private sealed class Shelf(int size, int count) : IDisposable
    {
        private readonly ConcurrentStack<NativeBuffer> _idle = new();
        private readonly SemaphoreSlim _free = new(count);

        public async ValueTask<NativeBuffer> TakeAsync(CancellationToken cancellation)
        {
            await _free.WaitAsync(cancellation);
            return _idle.TryPop(out var buffer) ? buffer : new NativeBuffer(size);
        }

        public void Return(NativeBuffer buffer)
        {
            _idle.Push(buffer);
            _free.Release();
        }

        public void Dispose()
        {
            while (_idle.TryPop(out var buffer)) buffer.Dispose();
            _free.Dispose();
        }
    }
}
