using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Writes into a file that has its size already and reads as zeroes: long runs of zeroes are left out, so that they take no
/// room. Short runs are written: a file of many small holes would be slow to read.
/// </summary>
internal static class SparseWriter
{
    /// <summary>Fewer zeroes in a row are written, in bytes.</summary>
    public const int ShortestHole = 64 << 10;

    private const int Block = 4096;

    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset, string path)
    {
        while (!bytes.IsEmpty)
        {
            var (data, hole) = NextHole(bytes);
            var direct = DirectWriter.Write(file, bytes[..data], offset);
            if (data > direct) FileCalls.Write(file, bytes[direct..data], offset + direct, path);
            bytes = bytes[(data + hole)..];
            offset += data + hole;
        }
    }

    // Bytes before the next hole, and the hole's own; a hole that reaches the end may be short, for it may go on in the next blob.
    private static (int Data, int Hole) NextHole(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += Block)
        {
            if (bytes[at] != 0) continue;
            var zeroes = bytes[at..].IndexOfAnyExcept((byte)0);
            if (zeroes < 0) return bytes.Length - at >= Block ? (at, bytes.Length - at) : (bytes.Length, 0);
            zeroes -= zeroes % Block;
            if (zeroes >= ShortestHole) return (at, zeroes);
            at += Math.Max(0, zeroes - Block);
        }
        return (bytes.Length, 0);
    }
}
