using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Writes into a file that has its final size and reads as zeros: long runs of zeros are skipped, so that they use no
/// disk space. Short runs are written, because a file with many small holes is slow to read.
/// </summary>
internal static class SparseWriter
{
    /// <summary>The shortest run of zeros that becomes a hole, in bytes.</summary>
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

    // Bytes before the next hole, and the size of the hole; a hole at the end may be short, because it may continue in
    // the next blob.
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
