using System.Text;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Reads small files of this machine that others may have put there: a regular file only, never longer than asked for, by one descriptor,
/// and without ever waiting for another process.
/// </summary>
public static class LocalText
{
    /// <summary>All bytes of a file. Links are not followed at the end of the path.</summary>
    /// <exception cref="IOException">It is gone, is no regular file, lies in a file system of the kernel, is longer, or can't be read.</exception>
    public static byte[] ReadBytes(string path, int most)
    {
        using var file = FileCalls.OpenRead(path);
        if (Posix.KernelFileSystem.NameOf(file, path) is { } kernel) throw new IOException($"{path} lies in a file system of the kernel ({kernel})");
        // One more than allowed, so that a file that has grown is not taken for a whole one.
        var bytes = new byte[Math.Min(most + 1L, RandomAccess.GetLength(file) + 1)];
        var filled = 0;
        while (filled < bytes.Length && FileReader.Read(file, path, bytes.AsSpan(filled), filled) is var count and > 0) filled += count;
        if (filled > most) throw new IOException($"{path} is longer than {most >> 10} KiB");
        return bytes[..filled];
    }

    /// <summary>The first bytes of a file; fewer when it is shorter.</summary>
    /// <exception cref="IOException">As for <see cref="ReadBytes"/>.</exception>
    public static byte[] ReadStart(string path, int count)
    {
        using var file = FileCalls.OpenRead(path);
        if (Posix.KernelFileSystem.NameOf(file, path) is { } kernel) throw new IOException($"{path} lies in a file system of the kernel ({kernel})");
        var bytes = new byte[count];
        return bytes[..FileReader.Read(file, path, bytes, 0)];
    }

    /// <summary>The same as text: UTF-8, in which what is none stands as U+FFFD.</summary>
    /// <exception cref="IOException">As for <see cref="ReadBytes"/>.</exception>
    public static string Read(string path, int most)
    {
        var bytes = ReadBytes(path, most).AsSpan();
        return Encoding.UTF8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
    }
}
