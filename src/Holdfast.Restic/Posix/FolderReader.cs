using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>Lists directories.</summary>
internal static unsafe partial class FolderReader
{
    // struct dirent64: inode (8), offset (8), length (2), type (1), then the name up to a zero byte.
    private const int NameOffset = 19;

    /// <summary>Returns the names in a directory without "." and "..", in the kernel's order.</summary>
    public static List<string> ReadNames(string path) => ReadNames(Open(path), path);

    /// <summary>
    /// Returns the names in a directory that was opened for listing, and closes it; the path is only for the message.
    /// </summary>
    public static List<string> ReadNames(SafeFileHandle opened, string path)
    {
        var folder = fdopendir((int)opened.DangerousGetHandle());
        if (folder == 0)
        {
            using (opened) throw PosixException.Last("list", path);
        }
        opened.SetHandleAsInvalid(); // closedir closes it
        return ReadNames(folder, path);
    }

    private static List<string> ReadNames(nint folder, string path)
    {
        try
        {
            var names = new List<string>();
            while (Next(folder, path, out var name))
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8)) names.Add(FileName.Decode(name));
            return names;
        }
        finally
        {
            _ = Libc.closedir(folder);
        }
    }

    private static nint Open(string path)
    {
        using var native = new NativePath(path, stackalloc byte[NativePath.StackSize]);
        var folder = Libc.opendir(ref native.GetPinnableReference());
        return folder != 0 ? folder : throw PosixException.Last("list", path);
    }

    private static bool Next(nint folder, string path, out ReadOnlySpan<byte> name)
    {
        var entry = Libc.readdir64(folder);
        name = entry == null ? default : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + NameOffset);
        if (entry == null && Marshal.GetLastPInvokeError() != 0) throw PosixException.Last("list", path);
        return entry != null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint fdopendir(int descriptor);
}
