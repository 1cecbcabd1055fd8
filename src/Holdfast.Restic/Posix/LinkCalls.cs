namespace Holdfast.Restic.Posix;

/// <summary>Symbolic and hard links.</summary>
internal static class LinkCalls
{
    private const int LongestTarget = 4096; // PATH_MAX

    /// <summary>Returns the target of a symbolic link.</summary>
    public static string ReadLink(string path)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        Span<byte> target = stackalloc byte[LongestTarget];
        var length = Libc.readlink(ref native.GetPinnableReference(), ref target[0], LongestTarget);
        PosixException.ThrowIfNegative(length, "read the link", path);
        return FileName.Decode(target[..(int)length]);
    }

    public static void MakeSymlink(string path, string target)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        using var nativeTarget = new NativePath(target, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.symlink(ref nativeTarget.GetPinnableReference(), ref native.GetPinnableReference()), "make the symlink", path);
    }

    /// <summary>Adds a second name to the entry at <paramref name="existing"/>.</summary>
    public static void MakeHardLink(string path, string existing)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        using var nativeExisting = new NativePath(existing, stackalloc byte[NativePath.StackSize]);
        PosixException.ThrowIfNegative(Libc.link(ref nativeExisting.GetPinnableReference(), ref native.GetPinnableReference()), "make the hard link", path);
    }
}
