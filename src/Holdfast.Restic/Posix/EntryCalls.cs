using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>Creates, renames and removes entries of directories.</summary>
internal static class EntryCalls
{
    private const uint NoReplace = 1; // RENAME_NOREPLACE

    public static void MakeFolder(string path, uint permissions)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.mkdir(ref native.GetPinnableReference(), permissions), "make the folder", path);
    }

    /// <summary>Creates a device node or a FIFO; <paramref name="mode"/> includes the type bits of st_mode.</summary>
    public static void MakeNode(string path, uint mode, ulong device)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.__xmknod(0, ref native.GetPinnableReference(), mode, ref device), "make the node", path);
    }

    /// <summary>Renames, atomically replacing an existing file at <paramref name="to"/>.</summary>
    public static void Rename(string from, string to)
    {
        using var native = new NativePath(from, stackalloc byte[NativePath.StackSize]);
        using var nativeTo = new NativePath(to, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.rename(ref native.GetPinnableReference(), ref nativeTo.GetPinnableReference()), $"rename {from} to", to);
    }

    /// <summary>Renames unless <paramref name="to"/> exists: then it returns false and changes nothing.</summary>
    public static bool TryRenameNew(string from, string to)
    {
        using var native = new NativePath(from, stackalloc byte[NativePath.StackSize]);
        using var nativeTo = new NativePath(to, stackalloc byte[NativePath.StackSize]);
        var result = Libc.renameat2(Libc.CurrentFolder, ref native.GetPinnableReference(), Libc.CurrentFolder, ref nativeTo.GetPinnableReference(), NoReplace);
        if (result == 0) return true;
        return (Errno)Marshal.GetLastPInvokeError() switch
        {
            Errno.EEXIST => false,
            Errno.EINVAL or Errno.ENOSYS => RenameWhereNothingStands(from, to), // the file system does not support the flag (NFS, some FUSE)
            _ => throw PosixException.Last($"rename {from} to", to),
        };
    }

    public static void Unlink(string path)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.unlink(ref native.GetPinnableReference()), "remove", path);
    }

    public static void RemoveFolder(string path)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.rmdir(ref native.GetPinnableReference()), "remove the folder", path);
    }

    private static bool RenameWhereNothingStands(string from, string to)
    {
        if (FileStatus.TryFind(to, out _)) return false;
        Rename(from, to);
        return true;
    }
}
