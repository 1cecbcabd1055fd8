using Holdfast.Restic.Chunking;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Archiving;

/// <summary>A compressor and the buffer it writes to, for one thread at a time.</summary>
internal sealed class Compression(int level) : IDisposable
{
    private readonly Zstd _zstd = Zstd.Create(level);
    // Sized for the largest chunk from the start: pages that are never written use no memory.
    private NativeBuffer _frame = new(Zstd.Bound(RabinChunker.MaxSize));
    private int _written;

    /// <summary>Returns the zstd frame of a plaintext, valid until the next call.</summary>
    public ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> plaintext)
    {
        var bound = Zstd.Bound(plaintext.Length);
        if (_frame.Length < bound)
        {
            _frame.Dispose();
            _frame = new NativeBuffer(bound);
        }
        _written = _zstd.Compress(plaintext, _frame.GetSpan());
        return _frame.Memory[.._written];
    }

    /// <summary>Ends the use of the frame; the memory of an unusually large one is released.</summary>
    public void Rest()
    {
        if (_written > BufferPool.SmallSize) _frame.Trim(BufferPool.SmallSize);
        _written = 0;
    }

    public void Dispose()
    {
        _zstd.Dispose();
        _frame.Dispose();
    }
}
