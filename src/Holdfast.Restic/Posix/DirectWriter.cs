using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Writes large pieces of files past the page cache (O_DIRECT): a copy of them in memory would cost a page of it for each page, and would push out
/// what the server beside us works with. Source of the alignment: open(2), "O_DIRECT".
/// </summary>
internal static class DirectWriter
{
    /// <summary>Where memory and places in files begin: the largest block of common disks.</summary>
    public const int Alignment = 4096;

    /// <summary>Fewer bytes are written quicker through the cache.</summary>
    private const int Smallest = 256 << 10;

    private const int SetFlags = 4;

    /// <summary>Writes as many bytes as it can; the rest, and whatever fails, is the caller's to write through the cache.</summary>
    /// <returns>How many it has written: 0 where the file system or the place does not allow it. They are no more durable than others until the file is synced.</returns>
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
                if (count % Alignment != 0) break; // the disk is about to be full
            }
            return written;
        }
        finally
        {
            _ = Libc.fcntl(file, SetFlags, 0); // what could be set can be taken back
        }
    }

    private static unsafe bool IsAligned(ReadOnlySpan<byte> bytes) => (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)) % Alignment == 0;
}
