using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>Extended attributes; symlinks are not followed.</summary>
internal static class AttributeCalls
{
    private const int UsualSize = 1024;

    /// <summary>Returns the names in the kernel's order; none where the file system has no attributes.</summary>
    public static IReadOnlyList<string> List(string path)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        ref var bytes = ref native.GetPinnableReference();
        Span<byte> names = stackalloc byte[UsualSize];
        while (true)
        {
            var size = Libc.llistxattr(ref bytes, ref names[0], (nuint)names.Length);
            if (size >= 0) return size == 0 ? [] : Split(names[..(int)size]);
            if (Failed(Errno.EOPNOTSUPP)) return [];
            if (!Failed(Errno.ERANGE)) throw PosixException.Last("list the attributes of", path);
            names = new byte[names.Length * 8]; // the list may grow meanwhile: so more, not exactly as much
        }
    }

    /// <summary>Returns the value of an attribute; null when it has been removed.</summary>
    public static byte[]? Get(string path, string name)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        using var nativeName = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        Span<byte> value = stackalloc byte[UsualSize];
        while (true)
        {
            var size = Libc.lgetxattr(ref native.GetPinnableReference(), ref nativeName.GetPinnableReference(), ref value[0], (nuint)value.Length);
            if (size >= 0) return value[..(int)size].ToArray();
            if (Failed(Errno.ENODATA)) return null;
            if (!Failed(Errno.ERANGE)) throw PosixException.Last($"read the attribute {name} of", path);
            value = new byte[value.Length * 8];
        }
    }

    public static void Set(string path, string name, ReadOnlySpan<byte> value)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        using var nativeName = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        ref var first = ref MemoryMarshal.GetReference(value);
        var result = Libc.lsetxattr(ref native.GetPinnableReference(), ref nativeName.GetPinnableReference(), ref first, (nuint)value.Length, 0);
        PosixException.ThrowIfNegative(result, $"set the attribute {name} of", path);
    }

    public static void Remove(string path, string name)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        using var nativeName = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        var result = Libc.lremovexattr(ref native.GetPinnableReference(), ref nativeName.GetPinnableReference());
        PosixException.ThrowIfNegative(result, $"remove the attribute {name} of", path);
    }

    /// <summary>As <see cref="List(string)"/>, for an open file; the path is for messages.</summary>
    public static IReadOnlyList<string> List(SafeFileHandle file, string path)
    {
        Span<byte> names = stackalloc byte[UsualSize];
        while (true)
        {
            var size = Libc.flistxattr(file, ref names[0], (nuint)names.Length);
            if (size < 0 && ProcessPath.IsNeeded) size = ListByPlace(file, names);
            if (size >= 0) return size == 0 ? [] : Split(names[..(int)size]);
            if (Failed(Errno.EOPNOTSUPP)) return [];
            if (!Failed(Errno.ERANGE)) throw PosixException.Last("list the attributes of", path);
            names = new byte[names.Length * 8];
        }
    }

    /// <summary>As <see cref="Get(string, string)"/>, for an open file; the path is for messages.</summary>
    public static byte[]? Get(SafeFileHandle file, string name, string path)
    {
        using var nativeName = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        Span<byte> value = stackalloc byte[UsualSize];
        while (true)
        {
            var size = Libc.fgetxattr(file, ref nativeName.GetPinnableReference(), ref value[0], (nuint)value.Length);
            if (size < 0 && ProcessPath.IsNeeded)
            {
                using var place = new ProcessPath(file);
                size = Libc.getxattr(ref place.GetPinnableReference(), ref nativeName.GetPinnableReference(), ref value[0], (nuint)value.Length);
            }
            if (size >= 0) return value[..(int)size].ToArray();
            if (Failed(Errno.ENODATA)) return null;
            if (!Failed(Errno.ERANGE)) throw PosixException.Last($"read the attribute {name} of", path);
            value = new byte[value.Length * 8];
        }
    }

    public static void Set(SafeFileHandle file, string name, ReadOnlySpan<byte> value, string path)
    {
        using var nativeName = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        ref var first = ref MemoryMarshal.GetReference(value);
        var result = Libc.fsetxattr(file, ref nativeName.GetPinnableReference(), ref first, (nuint)value.Length, 0);
        if (result < 0 && ProcessPath.IsNeeded)
        {
            using var place = new ProcessPath(file);
            result = Libc.setxattr(ref place.GetPinnableReference(), ref nativeName.GetPinnableReference(), ref first, (nuint)value.Length, 0);
        }
        PosixException.ThrowIfNegative(result, $"set the attribute {name} of", path);
    }

    public static void Remove(SafeFileHandle file, string name, string path)
    {
        using var nativeName = new NativePath(name, stackalloc byte[NativePath.StackSize]);
        var result = Libc.fremovexattr(file, ref nativeName.GetPinnableReference());
        if (result < 0 && ProcessPath.IsNeeded)
        {
            using var place = new ProcessPath(file);
            result = Libc.removexattr(ref place.GetPinnableReference(), ref nativeName.GetPinnableReference());
        }
        PosixException.ThrowIfNegative(result, $"remove the attribute {name} of", path);
    }

    private static nint ListByPlace(SafeFileHandle file, Span<byte> names)
    {
        using var place = new ProcessPath(file);
        return Libc.listxattr(ref place.GetPinnableReference(), ref names[0], (nuint)names.Length);
    }

    private static bool Failed(Errno errno) => Marshal.GetLastPInvokeError() == (int)errno;

    private static List<string> Split(ReadOnlySpan<byte> names)
    {
        var list = new List<string>();
        while (names.IndexOf((byte)0) is var end and >= 0)
        {
            list.Add(FileName.Decode(names[..end]));
            names = names[(end + 1)..];
        }
        return list;
    }
}
