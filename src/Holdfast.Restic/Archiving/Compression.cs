using Holdfast.Restic.Chunking;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Archiving;

/// <summary>A compressor and the buffer it writes to, for one thread at a time.</summary>
internal sealed class Compression(int level) : IDisposable
{
    private readonly Zstd _zstd = Zstd.Create(level);
    // For the largest chunk at once: pages that are never written cost nothing.
    private NativeBuffer _frame = new(Zstd.Bound(RabinChunker.MaxSize));

    /// <summary>The zstd frame of a plaintext, valid until the next call.</summary>
    public ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> plaintext)
    {
        var bound = Zstd.Bound(plaintext.Length);
        if (_frame.Length < bound)
        {
            _frame.Dispose();
            _frame = new NativeBuffer(bound);
        }
        return _frame.Memory[.._zstd.Compress(plaintext, _frame.GetSpan())];
    }

    public void Dispose()
    {
        _zstd.Dispose();
        _frame.Dispose();
    }
}
