using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// An open regular file that another user may have written or put in place. A FIFO, a device and (by default) a
/// symbolic link are refused without blocking on them; owner, mode and content are read from the same descriptor, so
/// that a later exchange of the path has no effect.
/// </summary>
public sealed partial class OwnedFile : IDisposable
{
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, EmptyPath = 0x1000, BasicStatus = 0x7FF, TypeMask = 0xF000, RegularFile = 0x8000, NotThere = 2, NotADirectory = 20;


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

    /// <summary>Reads a small file completely.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The largest size in bytes that is read.</param>
    /// <param name="followLinks">Follows symbolic links. False by default: the owner of the folder chooses where a link points.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The file is not a regular file, is larger than the limit, or may not be read.</exception>
    public static byte[] ReadBytes(string path, int limit, bool followLinks = false)
    {
        using var file = Open(path, followLinks);
        return file.Read(limit);
    }

    /// <summary>
    /// Reads a small file completely as UTF-8 text; bytes that are not UTF-8 become U+FFFD. Errors are those of <see
    /// cref="ReadBytes"/>.
    /// </summary>
    public static string ReadText(string path, int limit, bool followLinks = false) => Encoding.UTF8.GetString(ReadBytes(path, limit, followLinks));

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followLinks">Follows symbolic links. False by default: the owner of the folder chooses where a link points.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The file is not a regular file, or may not be read.</exception>
    public static unsafe OwnedFile Open(string path, bool followLinks = false)
    {
        var descriptor = open(path, (followLinks ? 0 : OpenFlags.NoFollow) | CloseOnExec | NonBlocking, 0);
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
        using (handle) throw new IOException($"{path}: not a regular file");
    }

    /// <summary>Gives a file another name in its folder, which may belong to another user: no symbolic link is followed that this user could have made.</summary>
    /// <returns>The new path.</returns>
    /// <exception cref="IOException">The folder is reached through such a link, the new name is taken, or the rename fails.</exception>
    public static string Rename(string path, string newName)
    {
        var folder = GuardedPath.Resolve(Path.GetDirectoryName(path)!);
        LibC.RenameWithin(folder, Path.GetFileName(path), newName);
        return Path.Combine(folder, newName);
    }

    /// <summary>
    /// Reads the file from its beginning to its end, regardless of its size when it was opened: files of /proc report
    /// none.
    /// </summary>
    /// <exception cref="IOException">The file is larger than <paramref name="limit"/> bytes, or cannot be read.</exception>
    public byte[] Read(int limit)
    {
        var bytes = new byte[(int)Math.Min(limit, Math.Max(Length, 4096)) + 1];
        var length = 0;
        for (int read; (read = RandomAccess.Read(Handle, bytes.AsSpan(length), length)) > 0;)
        {
            length += read;
            if (length > limit) throw new IOException($"larger than {limit} bytes");
            if (length == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(limit + 1L, 2L * length));
        }
        return bytes[..length];
    }

    public void Dispose() => Handle.Dispose();

    private static IOException Failure(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error is NotThere or NotADirectory ? new FileNotFoundException(message, path) : new IOException(message, error);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(SafeFileHandle file, string path, int flags, uint mask, byte* status);
}
