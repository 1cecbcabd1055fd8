using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Chunking;

/// <summary>
/// Finds the same cuts as restic: a chunk ends after the first byte, at least 512 KiB in, where the Rabin fingerprint of
/// the last 64 bytes has twenty zero bits at its end; after 8 MiB at the latest. As the fingerprint depends on those 64
/// bytes alone, four stretches are scanned side by side: one alone waits for its table look-ups most of the time.
/// Source: the restic/chunker module, and doc/design.rst, "Backups and Deduplication".
/// </summary>
internal sealed class RabinChunker
{
    public const int MinSize = 512 << 10;
    public const int MaxSize = 8 << 20;
    public const int WindowSize = 64;

    private const uint Mask = (1 << 20) - 1;
    private const int Shift = Polynomial.ChunkerDegree - 8;
    private const int Lanes = 4;
    private const int Stretch = 2048;

    private readonly ulong[] _reduce = new ulong[256];

    /// <summary>The contribution of a byte to the fingerprint when it has just left the window.</summary>
    private readonly ulong[] _leave = new ulong[256];

    public RabinChunker(ulong polynomial)
    {
        for (var b = 0; b < 256; b++)
        {
            var high = (ulong)b << Polynomial.ChunkerDegree;
            _reduce[b] = Polynomial.Mod(high, polynomial) | high;
            var left = (ulong)b;
            for (var i = 0; i < WindowSize; i++) left = Polynomial.Mod(left << 8, polynomial);
            _leave[b] = left;
        }
    }

    /// <summary>
    /// Returns the length of the chunk that begins at the start of <paramref name="data"/>, or 0 if it extends beyond
    /// its end.
    /// </summary>
    /// <param name="data">The bytes known so far.</param>
    /// <param name="scanned">How many of them an earlier call has scanned without finding a cut.</param>
    public int FindCut(ReadOnlySpan<byte> data, int scanned)
    {
        var end = Math.Min(data.Length, MaxSize);
        for (var length = Math.Max(scanned + 1, MinSize); length <= end;)
        {
            var count = Math.Min(end - length + 1, Lanes * Stretch);
            var cut = count == Lanes * Stretch ? ScanLanes(data, length) : ScanOne(data, length, count);
            if (cut != 0) return cut;
            length += count;
        }
        return data.Length >= MaxSize ? MaxSize : 0;
    }

    /// <summary>Tries <paramref name="count"/> lengths in sequence; 0 when none is a cut.</summary>
    private int ScanOne(ReadOnlySpan<byte> data, int length, int count)
    {
        var digest = Fingerprint(data.Slice(length - WindowSize, WindowSize));
        for (var i = 0; ; i++)
        {
            if (((uint)digest & Mask) == 0) return length + i;
            if (i + 1 >= count) return 0;
            digest = Roll(digest, ref _reduce[0], ref _leave[0], data[length + i], data[length + i - WindowSize]);
        }
    }

    /// <summary>Tries the lengths of four stretches at once.</summary>
    private int ScanLanes(ReadOnlySpan<byte> data, int length)
    {
        ref var entering = ref Unsafe.Add(ref MemoryMarshal.GetReference(data), length);
        ref var leaving = ref Unsafe.Subtract(ref entering, WindowSize);
        ref var reduce = ref MemoryMarshal.GetArrayDataReference(_reduce);
        ref var leave = ref MemoryMarshal.GetArrayDataReference(_leave);
        var a = Fingerprint(data.Slice(length - WindowSize, WindowSize));
        var b = Fingerprint(data.Slice(length - WindowSize + Stretch, WindowSize));
        var c = Fingerprint(data.Slice(length - WindowSize + 2 * Stretch, WindowSize));
        var d = Fingerprint(data.Slice(length - WindowSize + 3 * Stretch, WindowSize));
        int inB = 0, inC = 0, inD = 0;
        for (nint i = 0; ; i++)
        {
            if (((uint)a & Mask) == 0) return length + (int)i; // nothing comes before the first stretch
            if (((uint)b & Mask) == 0 && inB == 0) inB = length + Stretch + (int)i;
            if (((uint)c & Mask) == 0 && inC == 0) inC = length + 2 * Stretch + (int)i;
            if (((uint)d & Mask) == 0 && inD == 0) inD = length + 3 * Stretch + (int)i;
            if (i == Stretch - 1) break;
            a = Roll(a, ref reduce, ref leave, Unsafe.Add(ref entering, i), Unsafe.Add(ref leaving, i));
            b = Roll(b, ref reduce, ref leave, Unsafe.Add(ref entering, i + Stretch), Unsafe.Add(ref leaving, i + Stretch));
            c = Roll(c, ref reduce, ref leave, Unsafe.Add(ref entering, i + 2 * Stretch), Unsafe.Add(ref leaving, i + 2 * Stretch));
            d = Roll(d, ref reduce, ref leave, Unsafe.Add(ref entering, i + 3 * Stretch), Unsafe.Add(ref leaving, i + 3 * Stretch));
        }
        return inB != 0 ? inB : inC != 0 ? inC : inD;
    }

    private ulong Fingerprint(ReadOnlySpan<byte> window)
    {
        ulong digest = 0;
        foreach (var b in window) digest = ((digest << 8) | b) ^ _reduce[digest >> Shift];
        return digest;
    }

    /// <summary>Moves the window by one byte. A digest has 53 bits, so its top byte indexes the table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Roll(ulong digest, ref ulong reduce, ref ulong leave, byte entering, byte leaving) =>
        ((digest << 8) | entering) ^ Unsafe.Add(ref reduce, (nint)(digest >> Shift)) ^ Unsafe.Add(ref leave, (nint)leaving);
}
