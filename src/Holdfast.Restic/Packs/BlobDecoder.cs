using System.Collections.Concurrent;
using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Packs;

/// <summary>
/// Decrypts and decompresses blobs, and verifies the plaintext against the id. May be used from several threads.
/// </summary>
internal sealed class BlobDecoder(SealerPool sealers, int level) : IDisposable
{
    private readonly ConcurrentBag<Zstd> _idle = [];

    /// <summary>
    /// Decodes into <paramref name="plaintext"/>, which has the plain length of <paramref name="blob"/>. A compressed
    /// blob is decrypted in place, so the content of <paramref name="message"/> is lost.
    /// </summary>
    /// <exception cref="ResticException">Damaged: the blob does not match its id.</exception>
    public void Decode(Span<byte> message, Id id, in PackedBlob blob, Span<byte> plaintext)
    {
        if (blob.UncompressedLength == 0)
        {
            if (!sealers.TryOpen(message, plaintext)) throw Damaged(id, blob, "does not fit its authentication code");
        }
        else
        {
            var frame = message[Sealer.IvSize..^Sealer.TagSize];
            if (!sealers.TryOpen(message, frame)) throw Damaged(id, blob, "does not fit its authentication code");
            if (Decompress(frame, plaintext) != plaintext.Length) throw Damaged(id, blob, "can't be decompressed");
        }
        if (Id.Hash(plaintext) != id) throw Damaged(id, blob, "has another content than its id says");
    }

    /// <summary>
    /// Verifies a blob without returning it: it is decrypted in place, and only a compressed one needs a buffer of its
    /// plain length.
    /// </summary>
    /// <exception cref="ResticException">Damaged: the blob does not match its id.</exception>
    public void Verify(Span<byte> message, Id id, in PackedBlob blob, Span<byte> room)
    {
        var payload = message[Sealer.IvSize..^Sealer.TagSize];
        if (!sealers.TryOpen(message, payload)) throw Damaged(id, blob, "does not fit its authentication code");
        if (blob.UncompressedLength != 0)
        {
            if (Decompress(payload, room) != room.Length) throw Damaged(id, blob, "can't be decompressed");
            payload = room;
        }
        if (Id.Hash(payload) != id) throw Damaged(id, blob, "has another content than its id says");
    }

    private int Decompress(ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        var zstd = Take();
        var length = zstd.Decompress(frame, plaintext);
        _idle.Add(zstd);
        return length;
    }

    /// <summary>Decompresses a frame of unknown length.</summary>
    public byte[] Decompress(ReadOnlySpan<byte> frame)
    {
        var zstd = Take();
        try
        {
            return zstd.Decompress(frame);
        }
        finally
        {
            _idle.Add(zstd);
        }
    }

    /// <summary>Compresses into a new array, after one byte that is reserved for the caller.</summary>
    public byte[] Compress(ReadOnlySpan<byte> plaintext)
    {
        var zstd = Take();
        var target = new byte[1 + Zstd.Bound(plaintext.Length)];
        var length = zstd.Compress(plaintext, target.AsSpan(1));
        _idle.Add(zstd);
        return target[..(1 + length)];
    }

    private Zstd Take() => _idle.TryTake(out var zstd) ? zstd : Zstd.Create(level);

    private static ResticException Damaged(Id id, in PackedBlob blob, string what) =>
        new(ResticError.Damaged, $"Blob {id.ToShortString()} in pack {blob.Pack.ToShortString()} {what}.");

    public void Dispose()
    {
        while (_idle.TryTake(out var zstd)) zstd.Dispose();
    }
}
