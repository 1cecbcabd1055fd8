using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// An open directory. Its entries are accessed by single names relative to its descriptor, never by a path, so that
/// renaming or replacing a parent directory cannot redirect an access. No call follows a symbolic link. The path is for
/// messages only.
/// </summary>
internal sealed class OpenFolder : IDisposable
{
    private const int RemoveFolderFlag = 0x200; // AT_REMOVEDIR
    private const uint NoReplace = 1; // RENAME_NOREPLACE
    private const int LongestTarget = 4096; // PATH_MAX

    public OpenFolder(SafeFileHandle handle, string path) => (Handle, Path) = (handle, path);

    public SafeFileHandle Handle { get; }

    public string Path { get; }

    /// <summary>The root of the file system.</summary>
    public static OpenFolder Root() => new(DescriptorCalls.OpenRoot(), "");

    public FileStatus Status => FileStatus.Of(Handle, Shown);

    private string Shown => Path.Length == 0 ? "/" : Path;

    public string PathOf(string name) => $"{Path}/{name}";

    public bool TryFind(string name, out FileStatus status) => FileStatus.TryFind(Handle, name, Path, out status);

    /// <summary>Opens a directory in this one; a symbolic link is refused (ELOOP or ENOTDIR).</summary>
    public OpenFolder Open(string name) => new(DescriptorCalls.OpenFolder(Handle, name, PathOf(name)), PathOf(name));

    /// <summary>Opens a directory further below by its names; a symbolic link in the path is refused.</summary>
    public OpenFolder OpenBelow(IReadOnlyList<string> names, string path) => new(DescriptorCalls.OpenBelow(Handle, names, path), path);

    /// <summary>
    /// Opens an entry of any type with O_PATH, also a symbolic link itself, to read its status and to set its metadata.
    /// </summary>
    public SafeFileHandle OpenPlace(string name) => DescriptorCalls.OpenPlace(Handle, name, PathOf(name));

    /// <summary>Opens a regular file for reading; other types are refused without blocking.</summary>
    public SafeFileHandle OpenRead(string name) => DescriptorCalls.OpenRead(Handle, name, PathOf(name));

    /// <summary>Opens a regular file for writing.</summary>
    public SafeFileHandle OpenWrite(string name) => DescriptorCalls.OpenWrite(Handle, name, PathOf(name));

    /// <summary>Creates a file with mode 0600 for writing; EEXIST when the name exists.</summary>
    public SafeFileHandle Create(string name) => DescriptorCalls.Create(Handle, name, PathOf(name));

    /// <summary>Opens this directory once more, with a listing position of its own.</summary>
    public SafeFileHandle OpenToList() => DescriptorCalls.OpenToList(Handle, Shown);

    public IReadOnlyList<string> ReadNames() => FolderReader.ReadNames(OpenToList(), Shown);

    public void MakeFolder(string name, uint permissions)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.mkdirat(Handle, ref native.GetPinnableReference(), permissions), "make the folder", PathOf(name));
    }

    /// <summary>Creates a device node or a FIFO; <paramref name="mode"/> includes the type bits of st_mode.</summary>
    public void MakeNode(string name, uint mode, ulong device)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.__xmknodat(0, Handle, ref native.GetPinnableReference(), mode, ref device), "make the node", PathOf(name));
    }

    public void MakeSymlink(string name, string target)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        using var nativeTarget = new NativePath(target, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.symlinkat(ref nativeTarget.GetPinnableReference(), Handle, ref native.GetPinnableReference()), "make the symlink", PathOf(name));
    }

    /// <summary>Adds a second name in this directory to an entry of another one.</summary>
    public void MakeHardLink(string name, OpenFolder from, string existing)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        using var nativeExisting = new NativePath(existing, stackalloc byte[NativePath.StackSize]);
        var result = Libc.linkat(from.Handle, ref nativeExisting.GetPinnableReference(), Handle, ref native.GetPinnableReference(), 0);
        PosixException.ThrowIfNegative(result, "make the hard link", PathOf(name));
    }

    /// <summary>Returns the target of a symbolic link in this directory.</summary>
    public string ReadLink(string name)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        Span<byte> target = stackalloc byte[LongestTarget];
        var length = Libc.readlinkat(Handle, ref native.GetPinnableReference(), ref target[0], LongestTarget);
        PosixException.ThrowIfNegative(length, "read the link", PathOf(name));
        return FileName.Decode(target[..(int)length]);
    }

    /// <summary>Renames, atomically replacing an existing file at <paramref name="to"/>.</summary>
    public void Rename(string from, string to) => PosixException.ThrowIfNegative(Rename(from, to, 0), $"rename {from} to", PathOf(to));

    /// <summary>Renames unless <paramref name="to"/> exists: then it returns false and changes nothing.</summary>
    public bool TryRenameNew(string from, string to)
    {
        if (Rename(from, to, NoReplace) == 0) return true;
        switch ((Errno)Marshal.GetLastPInvokeError())
        {
            case Errno.EEXIST: return false;
            case Errno.EINVAL or Errno.ENOSYS: break; // the file system does not support the flag (NFS, some FUSE)
            default: throw PosixException.Last($"rename {from} to", PathOf(to));
        }
        if (TryFind(to, out _)) return false;
        Rename(from, to);
        return true;
    }

    public void Unlink(string name) => Remove(name, 0, "remove");

    public void RemoveFolder(string name) => Remove(name, RemoveFolderFlag, "remove the folder");

    private void Remove(string name, int flags, string verb)
    {
        using var native = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.unlinkat(Handle, ref native.GetPinnableReference(), flags), verb, PathOf(name));
    }

    /// <summary>Flushes this directory to disk, so that its entries survive a power failure.</summary>
    public void Sync()
    {
        using var listing = OpenToList();
        FileCalls.Sync(listing, Shown);
    }

    /// <summary>
    /// Flushes the file system of this directory to disk, so that everything written to it survives a power failure.
    /// </summary>
    public void SyncFileSystem()
    {
        using var listing = OpenToList();
        PosixException.ThrowIfNegative(Libc.syncfs(listing), "write to the disk the file system of", Shown);
    }

    public void Dispose() => Handle.Dispose();

    private int Rename(string from, string to, uint flags)
    {
        using var native = new NativePath(from, stackalloc byte[NativePath.StackSize]);
        using var nativeTo = new NativePath(to, stackalloc byte[NativePath.StackSize]);
        return Libc.renameat2(Handle, ref native.GetPinnableReference(), Handle, ref nativeTo.GetPinnableReference(), flags);
    }
}
