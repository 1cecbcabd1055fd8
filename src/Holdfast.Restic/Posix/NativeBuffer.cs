using System.Buffers;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>
/// A large buffer outside the garbage collector's heap. Pages use no memory until they are written, its initial content
/// is not cleared, and its memory is released immediately when it is disposed of. It begins at a page boundary.
/// </summary>
internal sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    private const int NotNeeded = 4; // MADV_DONTNEED

    /// <summary>The size below which a system call is not worth its cost.</summary>
    private const int GivenBack = 1 << 20;

    private byte* _bytes;

    public NativeBuffer(int length)
    {
        Length = length;
        _bytes = (byte*)NativeMemory.AlignedAlloc((nuint)length, DirectWriter.Alignment);
    }

    public int Length { get; }

    /// <exception cref="ObjectDisposedException">The buffer has been disposed of.</exception>
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

    /// <summary>
    /// Releases the memory after the first <paramref name="kept"/> bytes until it is written again; its content is
    /// lost.
    /// </summary>
    public void Trim(int kept)
    {
        var page = (nuint)Environment.SystemPageSize;
        var (start, end) = (((nuint)_bytes + (nuint)kept + page - 1) / page * page, ((nuint)_bytes + (nuint)Length) / page * page);
        if (start < end) _ = Libc.madvise((void*)start, end - start, NotNeeded); // a hint: if it fails the memory stays in use
    }

    /// <summary>
    /// Releases the memory; may be called again. A buffer that is never disposed of stays until the process ends.
    /// </summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing)
    {
        // The C library keeps memory that was freed once for later allocations: see mallopt(3), M_MMAP_THRESHOLD.
        if (_bytes is not null && Length >= GivenBack) Trim(0);
        NativeMemory.AlignedFree(_bytes);
        _bytes = null;
    }
}
