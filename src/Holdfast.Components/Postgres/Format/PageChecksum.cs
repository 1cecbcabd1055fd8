using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// The checksum of a data page: 32 interleaved FNV-1a sums with a shift mixed in, folded by XOR, then the block's number.
/// Sources: PostgreSQL, src/include/storage/checksum_impl.h (algorithm and constants) and bufpage.h (the page's header).
/// </summary>
internal static class PageChecksum
{
    private const uint Prime = 16777619;
    private const int Lanes = 32;
    private const int ChecksumAt = 8, UpperAt = 14;

    private static readonly uint[] Offsets =
    [
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
    ];

    /// <summary>Computes the checksum of a page, whatever checksum is stored on it.</summary>
    /// <param name="page">The page; its length is a multiple of 128 bytes.</param>
    /// <param name="block">Its block number in the whole relation, not in one segment file.</param>
    public static ushort Of(ReadOnlySpan<byte> page, uint block)
    {
        var words = MemoryMarshal.Cast<byte, uint>(page);
        var own = words[ChecksumAt / sizeof(uint)] & 0xFFFF; // the checksum is computed with zeroes in its own place
        var sum = Fold(words, own) ^ block;
        return (ushort)(sum % 65535 + 1);
    }

    /// <summary>True when the page matches its checksum, or has never been written.</summary>
    public static bool Fits(ReadOnlySpan<byte> page, uint block) => IsNew(page) || Stored(page) == Of(page, block);

    /// <summary>The LSN of the page: the end of the last WAL record that changed it.</summary>
    public static ulong Lsn(ReadOnlySpan<byte> page) =>
        ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(page) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(page[4..]);

    private static ushort Stored(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt16LittleEndian(page[ChecksumAt..]);

    private static bool IsNew(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt16LittleEndian(page[UpperAt..]) == 0;

    private static uint Fold(ReadOnlySpan<uint> words, uint own)
    {
        var rows = MemoryMarshal.Cast<uint, Vector128<uint>>(words);
        var start = MemoryMarshal.Cast<uint, Vector128<uint>>(Offsets);
        var (a, b, c, d, e, f, g, h) = (start[0], start[1], start[2], start[3], start[4], start[5], start[6], start[7]);
        var mask = Vector128.Create(0u, 0, own, 0);
        for (var i = 0; i + Lanes / 4 <= rows.Length; i += Lanes / 4)
        {
            (a, b, c, d) = (Mix(a, rows[i] ^ mask), Mix(b, rows[i + 1]), Mix(c, rows[i + 2]), Mix(d, rows[i + 3]));
            (e, f, g, h) = (Mix(e, rows[i + 4]), Mix(f, rows[i + 5]), Mix(g, rows[i + 6]), Mix(h, rows[i + 7]));
            mask = default;
        }
        var sums = Last(a) ^ Last(b) ^ Last(c) ^ Last(d) ^ Last(e) ^ Last(f) ^ Last(g) ^ Last(h);
        return sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
    }

    /// <summary>Two rounds of zeroes, so that the last words are mixed as well as the first.</summary>
    private static Vector128<uint> Last(Vector128<uint> sum) => Mix(Mix(sum, default), default);

    private static Vector128<uint> Mix(Vector128<uint> sum, Vector128<uint> value)
    {
        var mixed = sum ^ value;
        return (mixed * Vector128.Create(Prime)) ^ (mixed >>> 17);
    }
}
