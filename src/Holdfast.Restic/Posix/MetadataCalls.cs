using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Sets owner, mode and times, of a path (links not followed) or of an open file (the path is for messages).
/// </summary>
internal static unsafe class MetadataCalls
{
    public static void SetOwner(string path, uint uid, uint gid)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.lchown(ref native.GetPinnableReference(), uid, gid), "set the owner of", path);
    }

    /// <summary>Sets the owner of an open file; the descriptor may be an O_PATH one, also of a symbolic link.</summary>
    public static void SetOwner(SafeFileHandle file, uint uid, uint gid, string path)
    {
        byte empty = 0;
        PosixException.ThrowIfNegative(Libc.fchownat(file, ref empty, uid, gid, Libc.EmptyPath), "set the owner of", path);
    }

    /// <summary>
    /// Sets the twelve permission bits. Not for symbolic links, which have none: the call would follow them.
    /// </summary>
    public static void SetPermissions(string path, uint permissions)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.fchmodat(Libc.CurrentFolder, ref native.GetPinnableReference(), permissions, 0), "set the mode of", path);
    }

    /// <summary>
    /// Sets the mode of an open file; the descriptor may be an O_PATH one, but not of a symbolic link.
    /// </summary>
    public static void SetPermissions(SafeFileHandle file, uint permissions, string path)
    {
        var result = Libc.fchmod(file, permissions);
        if (result < 0 && ProcessPath.IsNeeded)
        {
            using var place = new ProcessPath(file);
            result = Libc.fchmodat(Libc.CurrentFolder, ref place.GetPinnableReference(), permissions, 0);
        }
        PosixException.ThrowIfNegative(result, "set the mode of", path);
    }

    public static void SetTimes(string path, Timestamp access, Timestamp modify)
    {
        var times = stackalloc Libc.TimeSpec[] { Native(access), Native(modify) };
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.utimensat(Libc.CurrentFolder, ref native.GetPinnableReference(), times, Libc.NoFollow), "set the times of", path);
    }

    public static void SetTimes(SafeFileHandle file, Timestamp access, Timestamp modify, string path)
    {
        var times = stackalloc Libc.TimeSpec[] { Native(access), Native(modify) };
        var result = Libc.futimens(file, times);
        if (result < 0 && ProcessPath.IsNeeded)
        {
            using var place = new ProcessPath(file);
            result = Libc.utimensat(Libc.CurrentFolder, ref place.GetPinnableReference(), times, 0);
        }
        PosixException.ThrowIfNegative(result, "set the times of", path);
    }

    private static Libc.TimeSpec Native(Timestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
}
