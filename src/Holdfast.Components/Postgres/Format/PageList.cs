using System.Buffers.Binary;

namespace Holdfast.Components.Postgres.Format;

/// <summary>A page that has changed since its file was stored whole, with its hash.</summary>
internal readonly record struct ChangedPage(uint Block, ulong Hash);

/// <summary>
/// The pages in a file of changed pages, in their order there, and the length of the whole relation file. As bytes:
/// "HFPL", the version, the size of a page, their number (four bytes each), the length of the file (eight), and for
/// each page its number (four) and its hash (eight); little-endian.
/// </summary>
internal sealed record PageList(int PageSize, long Length, IReadOnlyList<ChangedPage> Pages)
{
    private const uint Magic = 0x4C50_4648, Version = 1;
    private const int HeaderSize = 24, EntrySize = 12;

    public byte[] Write()
    {
        var bytes = new byte[HeaderSize + EntrySize * Pages.Count];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), PageSize);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Pages.Count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Length);
        for (var i = 0; i < Pages.Count; i++)
        {
            var entry = bytes.AsSpan(HeaderSize + EntrySize * i);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, Pages[i].Block);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[4..], Pages[i].Hash);
        }
        return bytes;
    }

    /// <exception cref="InvalidDataException">The bytes are not a valid list, or have a newer version.</exception>
    public static PageList Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Version)
            throw new InvalidDataException("It is no list of pages that this version knows.");
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        if (count < 0 || bytes.Length != HeaderSize + (long)EntrySize * count) throw new InvalidDataException($"The list has {bytes.Length} bytes, which do not fit {count} pages.");
        var (size, length) = (BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
        if (size is < 512 or > 65536 || !int.IsPow2(size) || length < 0 || length > (long)uint.MaxValue * size) throw new InvalidDataException($"The list is of a file of {length} bytes with pages of {size} bytes.");
        var pages = new ChangedPage[count];
        for (var i = 0; i < count; i++)
        {
            var entry = bytes[(HeaderSize + EntrySize * i)..];
            pages[i] = new ChangedPage(BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[4..]));
        }
        if (pages.Select(page => page.Block).Distinct().Count() != count) throw new InvalidDataException("A page is twice in the list.");
        return new PageList(size, length, pages);
    }
}
