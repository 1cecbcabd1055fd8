using System.Buffers;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>
/// A large buffer outside of the garbage collector's heap. Pages cost nothing until they are written, what it held before is not
/// cleared, and its memory is gone when it is disposed, not some collections later. It begins where a page does.
/// </summary>
internal sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    private const int NotNeeded = 4; // MADV_DONTNEED

    /// <summary>Smaller ones are not worth a call of the kernel.</summary>
    private const int GivenBack = 1 << 20;

    private byte* _bytes;

    public NativeBuffer(int length)
    {
        Length = length;
        _bytes = (byte*)NativeMemory.AlignedAlloc((nuint)length, DirectWriter.Alignment);
    }

    public int Length { get; }

    /// <exception cref="ObjectDisposedException">Its memory has been given back.</exception>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_bytes is null && Length > 0, this);
        return new Span<byte>(_bytes, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Length, nameof(elementIndex));
        return new MemoryHandle(_bytes + elementIndex, pinnable: this);
    }

    public override void Unpin()
    {
        // It never moves.
    }

    /// <summary>Gives the memory behind the first <paramref name="kept"/> bytes back until it is written again; what it held is lost.</summary>
    public void Trim(int kept)
    {
        var page = (nuint)Environment.SystemPageSize;
        var (start, end) = (((nuint)_bytes + (nuint)kept + page - 1) / page * page, ((nuint)_bytes + (nuint)Length) / page * page);
        if (start < end) _ = Libc.madvise((void*)start, end - start, NotNeeded); // a hint: where it fails the memory stays
    }

    /// <summary>Gives the memory back; may be called again. A buffer that nobody disposes stays until the process ends.</summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing)
    {
        // The C library keeps what it has once seen freed for the next who asks: see mallopt(3), M_MMAP_THRESHOLD.
        if (_bytes is not null && Length >= GivenBack) Trim(0);
        NativeMemory.AlignedFree(_bytes);
        _bytes = null;
    }
}
