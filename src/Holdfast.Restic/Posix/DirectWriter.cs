using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Writes large pieces of files with O_DIRECT, bypassing the page cache: cached pages would use as much memory again,
/// and would evict the working set of other services. Source of the alignment: open(2), "O_DIRECT".
/// </summary>
internal static class DirectWriter
{
    /// <summary>The alignment of buffers and file offsets: the largest block size of common disks.</summary>
    public const int Alignment = 4096;

    /// <summary>The size below which a write through the page cache is faster.</summary>
    private const int Smallest = 256 << 10;

    private const int SetFlags = 4;

    /// <summary>
    /// Writes as many bytes as possible; the caller writes the rest, and whatever fails, through the page cache.
    /// </summary>
    /// <returns>
    /// The number of bytes written: 0 where the file system or the offset does not permit it. They are not durable
    /// before the file is synced.
    /// </returns>
    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        var length = bytes.Length / Alignment * Alignment;
        if (length < Smallest || offset % Alignment != 0 || !IsAligned(bytes) || Libc.fcntl(file, SetFlags, OpenFlags.Direct) != 0) return 0;
        try
        {
            var written = 0;
            while (written < length)
            {
                var count = Libc.pwrite64(file, ref MemoryMarshal.GetReference(bytes[written..]), (nuint)(length - written), offset + written);
                if (count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR) continue;
                if (count <= 0) break;
                written += (int)count;
                if (count % Alignment != 0) break; // the disk is almost full
            }
            return written;
        }
        finally
        {
            _ = Libc.fcntl(file, SetFlags, 0); // a flag that could be set can be cleared
        }
    }

    private static unsafe bool IsAligned(ReadOnlySpan<byte> bytes) => (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)) % Alignment == 0;
}
