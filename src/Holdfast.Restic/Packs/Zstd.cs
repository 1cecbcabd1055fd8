using System.Buffers.Binary;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Holdfast.Restic.Packs;

/// <summary>
/// zstd for one thread at a time: the machine's libzstd where it is installed, otherwise the managed port, which writes
/// the same format at about half the speed (docs/decisions/0002-zstd.md). Frames have no checksum, as the format
/// requires.
/// </summary>
internal abstract class Zstd : IDisposable
{
    /// <summary>
    /// The largest plaintext that is ever decompressed: a guard against a forged length. Trees of very large
    /// directories are the largest blobs.
    /// </summary>
    public const int MaxPlaintext = 1 << 30;

    public static Zstd Create(int level) => ZstdNative.IsAvailable ? new NativeZstd(level) : new ManagedZstd(level);

    /// <summary>
    /// Returns the largest size of the result of compressing this number of bytes. Source: zstd.h, ZSTD_COMPRESSBOUND.
    /// </summary>
    public static int Bound(int length) => checked(length + (length >> 8) + (length < (128 << 10) ? ((128 << 10) - length) >> 11 : 0));

    /// <summary>Compresses and returns the length. The target must have room for <see cref="Bound"/>.</summary>
    public abstract int Compress(ReadOnlySpan<byte> plaintext, Span<byte> target);

    /// <summary>
    /// The result of <see cref="Decompress(ReadOnlySpan{byte}, Span{byte})"/> for a target that is too small.
    /// </summary>
    protected const int Broken = -1, TooSmall = -2;

    /// <summary>Decompresses and returns the length; negative when the frame is invalid or does not fit.</summary>
    public abstract int Decompress(ReadOnlySpan<byte> frame, Span<byte> plaintext);

    public abstract void Dispose();

    /// <summary>Decompresses a frame of unknown length.</summary>
    /// <exception cref="InvalidDataException">The frame is invalid.</exception>
    public byte[] Decompress(ReadOnlySpan<byte> frame)
    {
        var limit = PackedBlob.LargestPlaintext(frame.Length);
        for (long size = Math.Max(ContentSize(frame), 4096); size <= limit; size = size == limit ? long.MaxValue : Math.Min(size * 4, limit))
        {
            var plaintext = GC.AllocateUninitializedArray<byte>((int)size);
            var length = Decompress(frame, plaintext);
            if (length >= 0) return plaintext.AsSpan(0, length).ToArray();
            if (length != TooSmall) break; // more room would not help
        }
        throw new InvalidDataException("The zstd frame is broken.");
    }

    /// <summary>Returns the size in the frame's header, or 0. Source: RFC 8878, section 3.1.1.1.</summary>
    private static long ContentSize(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 14 || BinaryPrimitives.ReadUInt32LittleEndian(frame) != 0xFD2FB528) return 0;
        var descriptor = frame[4];
        var single = (descriptor & 0x20) != 0;
        var field = frame[(5 + (single ? 0 : 1) + (descriptor & 3) switch { 0 => 0, 1 => 1, 2 => 2, _ => 4 })..];
        return (descriptor >> 6) switch
        {
            0 => single ? field[0] : 0,
            1 => BinaryPrimitives.ReadUInt16LittleEndian(field) + 256,
            2 => BinaryPrimitives.ReadUInt32LittleEndian(field),
            _ => 0,
        };
    }
}

internal sealed unsafe class NativeZstd(int level) : Zstd
{
    private nint _compress;
    private nint _decompress;

    public override int Compress(ReadOnlySpan<byte> plaintext, Span<byte> target)
    {
        if (_compress == 0) _compress = ZstdNative.ZSTD_createCCtx();
        fixed (byte* source = plaintext, destination = target)
        {
            var length = ZstdNative.ZSTD_compressCCtx(_compress, destination, (nuint)target.Length, source, (nuint)plaintext.Length, level);
            return ZstdNative.ZSTD_isError(length) == 0 ? (int)length : throw new InvalidOperationException("libzstd's ZSTD_compressCCtx failed.");
        }
    }

    public override int Decompress(ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        if (_decompress == 0) _decompress = ZstdNative.ZSTD_createDCtx();
        fixed (byte* source = frame, destination = plaintext)
        {
            var length = ZstdNative.ZSTD_decompressDCtx(_decompress, destination, (nuint)plaintext.Length, source, (nuint)frame.Length);
            if (ZstdNative.ZSTD_isError(length) == 0) return (int)length;
            return ZstdNative.ZSTD_getErrorCode(length) == (int)ZSTD_ErrorCode.ZSTD_error_dstSize_tooSmall ? TooSmall : Broken;
        }
    }

    public override void Dispose()
    {
        if (_compress != 0) ZstdNative.ZSTD_freeCCtx(_compress);
        if (_decompress != 0) ZstdNative.ZSTD_freeDCtx(_decompress);
    }
}

internal sealed class ManagedZstd(int level) : Zstd
{
    private readonly Compressor _compressor = new(level);
    private readonly Decompressor _decompressor = new();

    public override int Compress(ReadOnlySpan<byte> plaintext, Span<byte> target) => _compressor.Wrap(plaintext, target);

    public override int Decompress(ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        try
        {
            return _decompressor.Unwrap(frame, plaintext);
        }
        catch (ZstdException failure)
        {
            return failure.Code == ZSTD_ErrorCode.ZSTD_error_dstSize_tooSmall ? TooSmall : Broken;
        }
    }

    public override void Dispose()
    {
        _compressor.Dispose();
        _decompressor.Dispose();
    }
}
