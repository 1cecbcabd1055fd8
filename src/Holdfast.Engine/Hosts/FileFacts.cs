using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>Owner, type, mode and identity of a file, as statx(2) reports them.</summary>
/// <param name="User">Owner.</param>
/// <param name="Group">Group.</param>
/// <param name="Mode">Type and permission bits, as st_mode.</param>
/// <param name="Links">Number of hard links.</param>
/// <param name="Inode">Number within its file system.</param>
/// <param name="Device">Number of its file system: major and minor.</param>
public readonly partial record struct FileFacts(uint User, uint Group, uint Mode, uint Links, ulong Inode, ulong Device)
{
    private const int CurrentFolder = -100, NoFollow = 0x100, EmptyPath = 0x1000, BasicStatus = 0x7FF, NotThere = 2, NoFolder = 20;
    private const uint TypeMask = 0xF000, Folder = 0x4000, Link = 0xA000, Regular = 0x8000, Sticky = 0x200, GroupWrites = 0x10, OthersWrite = 2;

    /// <summary>
    /// Groups below this number belong to the distribution, such as Debian's staff: their members are trusted like
    /// root.
    /// </summary>
    private const uint FirstGroup = 100;

    public bool IsFolder => (Mode & TypeMask) == Folder;

    public bool IsLink => (Mode & TypeMask) == Link;

    public bool IsRegular => (Mode & TypeMask) == Regular;

    /// <summary>True for a folder such as /tmp, in which entries can be exchanged by their owners alone.</summary>
    public bool IsSticky => (Mode & Sticky) != 0;

    /// <summary>
    /// True for a folder in which a user other than root can exchange an entry of <paramref name="owner"/>.
    /// </summary>
    public bool LetsOthersExchange(uint owner)
    {
        if (User != 0) return true;
        var isShared = (Mode & OthersWrite) != 0 || ((Mode & GroupWrites) != 0 && Group >= FirstGroup);
        return isShared && (!IsSticky || owner != 0);
    }

    /// <summary>Reads the facts of the file at a path; a link is not followed.</summary>
    /// <exception cref="IOException">The path does not exist, or cannot be accessed.</exception>
    public static FileFacts Of(string path) => TryFind(path) ?? throw new FileNotFoundException($"{path}: {Marshal.GetPInvokeErrorMessage(NotThere)}", path);

    /// <summary>As <see cref="Of(string)"/>; null where the path does not exist.</summary>
    public static unsafe FileFacts? TryFind(string path)
    {
        var status = stackalloc byte[256];
        if (statx(CurrentFolder, path, NoFollow, BasicStatus, status) == 0) return Read(status);
        var error = Marshal.GetLastPInvokeError();
        return error is NotThere or NoFolder ? null : throw new IOException($"{path}: {new Win32Exception(error).Message}", error);
    }

    /// <summary>Reads the facts of an open file or folder.</summary>
    public static unsafe FileFacts Of(SafeFileHandle file)
    {
        var status = stackalloc byte[256];
        return statx(file, "", EmptyPath, BasicStatus, status) == 0 ? Read(status) : throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
    }

    /// <summary>struct statx, source: linux/stat.h.</summary>
    private static unsafe FileFacts Read(byte* status)
    {
        var fields = new ReadOnlySpan<byte>(status, 256);
        return new FileFacts(Number(fields, 20), Number(fields, 24), BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]), Number(fields, 16), BinaryPrimitives.ReadUInt64LittleEndian(fields[32..]), ((ulong)Number(fields, 136) << 32) | Number(fields, 140));
    }

    private static uint Number(ReadOnlySpan<byte> fields, int at) => BinaryPrimitives.ReadUInt32LittleEndian(fields[at..]);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(SafeFileHandle file, string path, int flags, uint mask, byte* status);
}
