using System.Buffers.Binary;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Packs;

/// <summary>
/// A pack in the making: blobs are sealed one after the other into one buffer, then the header. Used by one thread at a time
/// and again for the next pack, so that its memory is warm.
/// </summary>
internal sealed class PackBuilder(int targetSize) : IDisposable
{
    private readonly List<PackEntry> _entries = [];
    private NativeBuffer _buffer = new(targetSize);
    private int _length;

    public bool IsEmpty => _entries.Count == 0;

    public int Length => _length;

    /// <summary>True when a blob of so many bytes can be added without outgrowing the target size. An empty pack takes any blob.</summary>
    public bool HasRoomFor(int payload) =>
        IsEmpty || (long)_length + payload + Sealer.Overhead + HeaderRoom(_entries.Count + 1) <= targetSize;

    /// <summary>Seals a blob's payload (its plaintext, or its zstd frame when <paramref name="uncompressedLength"/> is not 0) to the end of the pack.</summary>
    public void Add(Id id, BlobType type, ReadOnlySpan<byte> payload, int uncompressedLength, SealerPool sealers)
    {
        var message = payload.Length + Sealer.Overhead;
        MakeRoom(message + HeaderRoom(_entries.Count + 1));
        sealers.Seal(payload, _buffer.GetSpan().Slice(_length, message));
        _length += message;
        _entries.Add(new PackEntry(id, type, (uint)message, (uint)uncompressedLength));
    }

    /// <summary>Seals the header and returns the whole pack, valid until <see cref="Reset"/>.</summary>
    public ReadOnlyMemory<byte> Finish(SealerPool sealers)
    {
        var header = PackHeader.Write(_entries);
        var message = header.Length + Sealer.Overhead;
        MakeRoom(message + PackHeader.LengthSize);
        sealers.Seal(header, _buffer.GetSpan().Slice(_length, message));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan()[(_length + message)..], (uint)message);
        VerifyHeader(_buffer.GetSpan()[..(_length + message + PackHeader.LengthSize)], sealers);
        return _buffer.Memory[..(_length + message + PackHeader.LengthSize)];
    }

    /// <summary>Where the blobs lie once the pack has a name.</summary>
    public IEnumerable<(Id Id, PackedBlob Blob)> Blobs(Id pack)
    {
        uint offset = 0;
        foreach (var entry in _entries)
        {
            yield return (entry.Id, new PackedBlob(pack, entry.Type, offset, entry.Length, entry.UncompressedLength));
            offset += entry.Length;
        }
    }

    public void Reset()
    {
        _entries.Clear();
        _length = 0;
    }

    public void Dispose() => _buffer.Dispose();

    /// <summary>A header that can't be read back would cost every blob of the pack, so it is read back before it is final.</summary>
    private void VerifyHeader(ReadOnlySpan<byte> pack, SealerPool sealers)
    {
        if (!PackHeader.ReadFromPack(pack, sealers).SequenceEqual(_entries))
            throw new InvalidOperationException("The header of a pack reads back as something else: the memory of this machine can't be trusted.");
    }

    private void MakeRoom(int bytes)
    {
        if (_buffer.Length - _length >= bytes) return;
        var larger = new NativeBuffer(_length + bytes);
        _buffer.GetSpan()[.._length].CopyTo(larger.GetSpan());
        _buffer.Dispose();
        _buffer = larger;
    }

    private static int HeaderRoom(int entries) => entries * PackHeader.CompressedEntrySize + Sealer.Overhead + PackHeader.LengthSize;
}
