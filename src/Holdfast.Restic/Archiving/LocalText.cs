using System.Text;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Reads small files of this machine that other users may have created: regular files only, never more bytes than
/// requested, through one descriptor, and without ever waiting for another process.
/// </summary>
public static class LocalText
{
    /// <summary>Returns all bytes of a file. A symbolic link at the end of the path is not followed.</summary>
    /// <exception cref="IOException">
    /// The file does not exist, is not a regular file, is in one of the kernel's file systems, is longer than the
    /// limit, or cannot be read.
    /// </exception>
    public static byte[] ReadBytes(string path, int most)
    {
        using var file = FileCalls.OpenRead(path);
        if (Posix.KernelFileSystem.NameOf(file, path) is { } kernel) throw new IOException($"{path} lies in a file system of the kernel ({kernel})");
        // Reads one byte more than allowed, so that a file that has grown is not mistaken for a complete one.
        var bytes = new byte[Math.Min(most + 1L, RandomAccess.GetLength(file) + 1)];
        var filled = 0;
        while (filled < bytes.Length && FileReader.Read(file, path, bytes.AsSpan(filled), filled) is var count and > 0) filled += count;
        if (filled > most) throw new IOException($"{path} is longer than {most >> 10} KiB");
        return bytes[..filled];
    }

    /// <summary>Returns the first bytes of a file; fewer when it is shorter.</summary>
    /// <exception cref="IOException">As for <see cref="ReadBytes"/>.</exception>
    public static byte[] ReadStart(string path, int count)
    {
        using var file = FileCalls.OpenRead(path);
        if (Posix.KernelFileSystem.NameOf(file, path) is { } kernel) throw new IOException($"{path} lies in a file system of the kernel ({kernel})");
        var bytes = new byte[count];
        return bytes[..FileReader.Read(file, path, bytes, 0)];
    }

    /// <summary>Returns the first bytes of a file as text: UTF-8, with U+FFFD for each invalid sequence.</summary>
    /// <exception cref="IOException">As for <see cref="ReadBytes"/>.</exception>
    public static string Read(string path, int most)
    {
        var bytes = ReadBytes(path, most).AsSpan();
        return Encoding.UTF8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
    }
}
