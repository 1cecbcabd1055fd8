using System.Buffers.Binary;
using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Packs;

/// <summary>An entry of a pack's header. Offsets are not stored: blobs follow each other without gaps.</summary>
internal readonly record struct PackEntry(Id Id, BlobType Type, uint Length, uint UncompressedLength);

/// <summary>
/// The end of a pack: its encrypted header, then the header's encrypted length as u32 LE. An entry is a type byte (0
/// data, 1 tree, 2 compressed data, 3 compressed tree), the encrypted length u32 LE, the plain length u32 LE if
/// compressed, and the id.
/// Source: doc/design.rst, "Pack Format".
/// </summary>
internal static class PackHeader
{
    public const int PlainEntrySize = 1 + 4 + Id.Size;
    public const int CompressedEntrySize = PlainEntrySize + 4;
    public const int LengthSize = 4;

    /// <summary>The largest header that restic reads.</summary>
    public const int MaxSize = 16 << 20;

    private const byte Compressed = 2;

    public static int EntrySize(bool compressed) => compressed ? CompressedEntrySize : PlainEntrySize;

    /// <summary>Returns the total size of a pack of these blobs in bytes, which depends only on the entries.</summary>
    public static long PackSize(IEnumerable<PackedBlob> blobs) =>
        blobs.Sum(b => (long)b.Length + EntrySize(b.UncompressedLength != 0)) + Sealer.Overhead + LengthSize;

    /// <summary>Writes the plaintext of a header.</summary>
    public static byte[] Write(IReadOnlyCollection<PackEntry> entries)
    {
        var header = new byte[entries.Sum(e => EntrySize(e.UncompressedLength != 0))];
        var rest = header.AsSpan();
        foreach (var entry in entries)
        {
            var compressed = entry.UncompressedLength != 0;
            rest[0] = (byte)((byte)entry.Type | (compressed ? Compressed : 0));
            BinaryPrimitives.WriteUInt32LittleEndian(rest[1..], entry.Length);
            if (compressed) BinaryPrimitives.WriteUInt32LittleEndian(rest[5..], entry.UncompressedLength);
            entry.Id.CopyTo(rest[(EntrySize(compressed) - Id.Size)..]);
            rest = rest[EntrySize(compressed)..];
        }
        return header;
    }

    /// <summary>Reads the plaintext of a header.</summary>
    /// <exception cref="InvalidDataException">The plaintext is not a valid header.</exception>
    public static List<PackEntry> Read(ReadOnlySpan<byte> header)
    {
        var entries = new List<PackEntry>(header.Length / PlainEntrySize);
        while (!header.IsEmpty)
        {
            var type = header[0];
            var compressed = (type & Compressed) != 0;
            if (type > 3 || header.Length < EntrySize(compressed)) throw new InvalidDataException("The header of the pack has a broken entry.");
            var length = BinaryPrimitives.ReadUInt32LittleEndian(header[1..]);
            var plain = compressed ? BinaryPrimitives.ReadUInt32LittleEndian(header[5..]) : 0;
            if (compressed && plain == 0) throw new InvalidDataException("The header of the pack has an entry of no length.");
            if (!new PackedBlob(default, default, 0, length, plain).IsPlausible) throw new InvalidDataException("The header of the pack has an entry of an impossible length.");
            entries.Add(new(new Id(header.Slice(EntrySize(compressed) - Id.Size, Id.Size)), (BlobType)(type & 1), length, plain));
            header = header[EntrySize(compressed)..];
        }
        return entries;
    }

    /// <summary>Decrypts and reads the header at the end of a complete pack.</summary>
    /// <exception cref="InvalidDataException">The pack is too short, or its header is damaged.</exception>
    public static List<PackEntry> ReadFromPack(ReadOnlySpan<byte> pack, SealerPool sealers)
    {
        if (pack.Length < LengthSize + Sealer.Overhead) throw new InvalidDataException("The pack is too short to have a header.");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(pack[^LengthSize..]);
        if (length < Sealer.Overhead || length > Math.Min(pack.Length - LengthSize, MaxSize))
            throw new InvalidDataException("The pack tells an impossible length of its header.");
        var plaintext = new byte[length - Sealer.Overhead];
        if (!sealers.TryOpen(pack.Slice(pack.Length - LengthSize - (int)length, (int)length), plaintext))
            throw new InvalidDataException("The header of the pack does not fit its authentication code.");
        return Read(plaintext);
    }
}
