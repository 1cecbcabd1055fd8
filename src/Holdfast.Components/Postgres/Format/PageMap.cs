using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// A hash of each page of a file as it is stored whole, so that the next capture recognises changed pages without
/// reading the stored ones. XXH3 with a random seed: a user who writes rows cannot construct two pages with the same
/// hash, and an accidental collision has a probability of one in 2^64. As bytes: "HFPM", the version, the size of a
/// page, zero (four bytes each), the seed and the hashes (eight each); little-endian.
/// </summary>
internal sealed class PageMap
{
    private const uint Magic = 0x4D50_4648, Version = 1;
    private const int HeaderSize = 24;

    private readonly List<ulong> _hashes;

    private PageMap(int pageSize, ulong seed, List<ulong> hashes) => (PageSize, Seed, _hashes) = (pageSize, seed, hashes);

    public int PageSize { get; }

    public ulong Seed { get; }

    /// <summary>The number of pages of the file.</summary>
    public int Count => _hashes.Count;

    /// <summary>The hash of a page; null for a page that the file did not have.</summary>
    public ulong? this[uint block] => block < _hashes.Count ? _hashes[(int)block] : null;

    public static PageMap New(int pageSize, ulong seed, int expected) => new(pageSize, seed, new List<ulong>(expected));

    public ulong Hash(ReadOnlySpan<byte> page) => XxHash3.HashToUInt64(page, (long)Seed);

    /// <summary>
    /// Records the hash of a page; pages arrive in order, and a page that was torn arrives a second time.
    /// </summary>
    public void Set(uint block, ulong hash)
    {
        if (block == _hashes.Count) _hashes.Add(hash);
        else _hashes[(int)block] = hash;
    }

    public byte[] Write()
    {
        var bytes = new byte[HeaderSize + sizeof(ulong) * _hashes.Count];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), PageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), Seed);
        MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_hashes)).CopyTo(bytes.AsSpan(HeaderSize)); // both little-endian
        return bytes;
    }

    /// <summary>
    /// Reads a page map; null when the bytes are not valid or have a newer version: the file is then stored whole
    /// again.
    /// </summary>
    public static PageMap? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Version) return null;
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) is not (>= 512 and <= 65536) || (bytes.Length - HeaderSize) % sizeof(ulong) != 0) return null;
        var hashes = new List<ulong>((bytes.Length - HeaderSize) / sizeof(ulong));
        hashes.AddRange(MemoryMarshal.Cast<byte, ulong>(bytes[HeaderSize..]));
        return new PageMap(BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), hashes);
    }
}
