using System.Buffers.Binary;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Packs;

/// <summary>
/// A pack under construction: blobs are encrypted one after the other into one buffer, followed by the header. Used by
/// one thread at a time, and reused for the next pack, so that its memory stays mapped.
/// </summary>
internal sealed class PackBuilder(int targetSize) : IDisposable
{
    private readonly List<PackEntry> _entries = [];
    private NativeBuffer _buffer = new(targetSize);
    private int _length;

    public bool IsEmpty => _entries.Count == 0;

    public int Length => _length;

    /// <summary>
    /// Returns true when a blob of this size can be added without exceeding the target size. An empty pack takes any
    /// blob.
    /// </summary>
    public bool HasRoomFor(int payload) =>
        IsEmpty || (long)_length + payload + Sealer.Overhead + HeaderRoom(_entries.Count + 1) <= targetSize;

    /// <summary>
    /// Encrypts a blob's payload (its plaintext, or its zstd frame when <paramref name="uncompressedLength"/> is not 0)
    /// to the end of the pack.
    /// </summary>
    public void Add(Id id, BlobType type, ReadOnlySpan<byte> payload, int uncompressedLength, SealerPool sealers)
    {
        var message = payload.Length + Sealer.Overhead;
        MakeRoom(message + HeaderRoom(_entries.Count + 1));
        sealers.Seal(payload, _buffer.GetSpan().Slice(_length, message));
        _length += message;
        _entries.Add(new PackEntry(id, type, (uint)message, (uint)uncompressedLength));
    }

    /// <summary>Encrypts the header and returns the complete pack, valid until <see cref="Reset"/>.</summary>
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

    /// <summary>Returns the locations of the blobs once the pack has a name.</summary>
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

    /// <summary>
    /// Verifies the header before it is final, because an unreadable header would lose every blob of the pack.
    /// </summary>
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
