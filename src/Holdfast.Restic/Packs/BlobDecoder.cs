using System.Collections.Concurrent;
using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Packs;

/// <summary>Turns sealed blobs back into plaintext that is proven to be what was stored. May be used from several threads.</summary>
internal sealed class BlobDecoder(SealerPool sealers, int level) : IDisposable
{
    private readonly ConcurrentBag<Zstd> _idle = [];

    /// <summary>
    /// Fills <paramref name="plaintext"/>, which has the length that <paramref name="blob"/> tells. A compressed blob is opened where it
    /// lies, so that <paramref name="message"/> is spent.
    /// </summary>
    /// <exception cref="ResticException">Damaged: the blob is not what its id says.</exception>
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

    /// <summary>Verifies a blob without handing it out: it is opened where it lies, and only a compressed one needs room of its plain length.</summary>
    /// <exception cref="ResticException">Damaged: the blob is not what its id says.</exception>
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

    /// <summary>Decompresses a frame whose length nobody told.</summary>
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

    /// <summary>Compresses into a new array, after one byte that stays free for the caller.</summary>
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
