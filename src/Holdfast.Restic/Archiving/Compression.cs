using Holdfast.Restic.Chunking;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Archiving;

/// <summary>A compressor and the buffer it writes to, for one thread at a time.</summary>
internal sealed class Compression(int level) : IDisposable
{
    private readonly Zstd _zstd = Zstd.Create(level);
    private byte[] _frame = [];

    /// <summary>The zstd frame of a plaintext, valid until the next call.</summary>
    public ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> plaintext)
    {
        var bound = Zstd.Bound(plaintext.Length);
        // At once for the largest chunk: growing step by step leaves tens of megabytes of outgrown buffers, and pages never written cost nothing.
        if (_frame.Length < bound) _frame = GC.AllocateUninitializedArray<byte>(Math.Max(bound, Zstd.Bound(RabinChunker.MaxSize)));
        return _frame.AsMemory(0, _zstd.Compress(plaintext, _frame));
    }

    public void Dispose() => _zstd.Dispose();
}
