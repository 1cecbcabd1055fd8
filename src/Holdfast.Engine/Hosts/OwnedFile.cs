using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// A regular file that was opened for somebody else: who owns it is asked of the opened file, and a symlink is refused, so that
/// nobody is handed what they could not read themselves.
/// </summary>
public sealed partial class OwnedFile : IDisposable
{
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, EmptyPath = 0x1000, BasicStatus = 0x7FF, TypeMask = 0xF000, RegularFile = 0x8000, NotThere = 2;

    private static readonly int _noFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    private OwnedFile(SafeFileHandle handle, uint user, uint group, int mode) => (Handle, User, Group, Mode) = (handle, user, group, mode);

    public SafeFileHandle Handle { get; }

    public uint User { get; }

    public uint Group { get; }

    /// <summary>Permission bits.</summary>
    public int Mode { get; }

    /// <summary>Bytes.</summary>
    public long Length => RandomAccess.GetLength(Handle);

    /// <summary>When it was last written.</summary>
    public DateTime Written => File.GetLastWriteTimeUtc(Handle);

    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="IOException">It is no regular file, or may not be read.</exception>
    public static unsafe OwnedFile Open(string path)
    {
        var descriptor = open(path, _noFollow | CloseOnExec | NonBlocking, 0);
        if (descriptor < 0) throw Failure(path);
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        // struct statx, source: linux/stat.h: stx_uid at 20, stx_gid at 24, stx_mode at 28.
        var status = stackalloc byte[256];
        if (statx(handle, "", EmptyPath, BasicStatus, status) != 0)
        {
            using (handle) throw Failure(path);
        }
        var fields = new ReadOnlySpan<byte>(status, 256);
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]);
        if ((mode & TypeMask) == RegularFile) return new OwnedFile(handle, BinaryPrimitives.ReadUInt32LittleEndian(fields[20..]), BinaryPrimitives.ReadUInt32LittleEndian(fields[24..]), mode & 0xFFF);
        using (handle) throw new IOException($"{path}: it is no regular file");
    }

    public void Dispose() => Handle.Dispose();

    private static IOException Failure(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error == NotThere ? new FileNotFoundException(message, path) : new IOException(message, error);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(SafeFileHandle file, string path, int flags, uint mask, byte* status);
}
