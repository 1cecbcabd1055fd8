using System.Numerics;
using System.Security.Cryptography;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Reads one pack completely and sequentially, in pieces that are hashed and whose blobs are verified while they are in
/// the processor's cache. Its memory is that of the largest blob, encrypted and plain, and at least one piece.
/// </summary>
internal sealed class PackReading(Repository repository, Id pack, long size, CheckCounters counters) : IDisposable
{
    // Large enough that the cost of a request to a remote backend is small in comparison.
    private const int PieceSize = 4 << 20;

    private readonly string _name = pack.ToString();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private NativeBuffer? _piece;
    private NativeBuffer? _plaintext;
    private byte[]? _whole;

    /// <summary>The blobs that do not match their ids.</summary>
    public List<Id> Damaged { get; } = [];

    /// <summary>
    /// The whole content of a small pack on a remote backend, which is read by one request; null before that, and for
    /// others.
    /// </summary>
    public byte[]? Whole => _whole;

    /// <summary>Reads the last <paramref name="length"/> bytes, which are included in the digest later.</summary>
    public async Task<byte[]> ReadTailAsync(int length, CancellationToken cancellation)
    {
        var tail = new byte[length];
        await ReadAsync(size - length, tail, cancellation);
        return tail;
    }

    /// <summary>
    /// Verifies blobs that follow each other from the first byte on; returns the digest of the blobs and the tail.
    /// </summary>
    public async Task<Id> VerifyAsync(IReadOnlyList<PackEntry> entries, byte[] tail, CancellationToken cancellation)
    {
        long offset = 0;
        for (var first = 0; first < entries.Count;)
        {
            var (count, length) = NextPiece(entries, first);
            await ReadPieceAsync(offset, length, cancellation);
            _hash.AppendData(Piece(0, length));
            VerifyPiece(entries, first, count, offset);
            (first, offset) = (first + count, offset + length);
        }
        _hash.AppendData(tail);
        Interlocked.Add(ref counters.BytesRead, tail.Length);
        return new Id(_hash.GetHashAndReset());
    }

    /// <summary>Verifies a blob at its indexed offset; one that extends beyond the end is damaged.</summary>
    public async Task VerifyAsync(Id id, PackedBlob blob, CancellationToken cancellation)
    {
        if (blob.Offset + (long)blob.Length > size)
        {
            Damaged.Add(id);
            return;
        }
        await ReadPieceAsync(blob.Offset, (int)blob.Length, cancellation);
        Verify(Piece(0, (int)blob.Length), id, blob);
    }

    /// <summary>Returns the digest of the file, without verifying its content.</summary>
    public async Task<Id> DigestAsync(CancellationToken cancellation)
    {
        for (long offset = 0; offset < size; offset += PieceSize)
        {
            var length = (int)Math.Min(PieceSize, size - offset);
            await ReadPieceAsync(offset, length, cancellation);
            _hash.AppendData(Piece(0, length));
        }
        return new Id(_hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _hash.Dispose();
        _piece?.Dispose();
        _plaintext?.Dispose();
    }

    private static (int Count, int Length) NextPiece(IReadOnlyList<PackEntry> entries, int first)
    {
        var length = (int)entries[first].Length;
        var count = 1;
        while (first + count < entries.Count && length + entries[first + count].Length <= PieceSize)
            length += (int)entries[first + count++].Length;
        return (count, length);
    }

    private async ValueTask ReadPieceAsync(long offset, int length, CancellationToken cancellation)
    {
        var piece = Grow(ref _piece, length);
        await ReadAsync(offset, piece.Memory[..length], cancellation);
        Interlocked.Add(ref counters.BytesRead, length);
    }

    private async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        if (!repository.Backend.IsRemote || size > PieceSize)
        {
            await repository.Backend.ReadAsync(FileKind.Pack, _name, offset, destination, cancellation);
            return;
        }
        if (_whole is null)
        {
            var whole = new byte[size];
            await repository.Backend.ReadAsync(FileKind.Pack, _name, 0, whole, cancellation);
            _whole = whole;
        }
        _whole.AsMemory((int)offset, destination.Length).CopyTo(destination);
    }

    private void VerifyPiece(IReadOnlyList<PackEntry> entries, int first, int count, long offset)
    {
        var position = 0;
        for (var i = first; i < first + count; i++)
        {
            var entry = entries[i];
            var blob = new PackedBlob(pack, entry.Type, (uint)(offset + position), entry.Length, entry.UncompressedLength);
            Verify(Piece(position, (int)entry.Length), entry.Id, blob);
            position += (int)entry.Length;
        }
    }

    private void Verify(Span<byte> message, Id id, in PackedBlob blob)
    {
        if (blob.UncompressedLength > Zstd.MaxPlaintext)
        {
            Damaged.Add(id);
            return;
        }
        var plaintext = Grow(ref _plaintext, (int)blob.UncompressedLength);
        try
        {
            repository.VerifyBlob(message, id, blob, plaintext.GetSpan()[..(int)blob.UncompressedLength]);
        }
        catch (ResticException failure) when (failure.Error == ResticError.Damaged)
        {
            Damaged.Add(id);
        }
    }

    private Span<byte> Piece(int start, int length) => _piece!.GetSpan().Slice(start, length);

    private static NativeBuffer Grow(ref NativeBuffer? buffer, int length)
    {
        if (buffer is not null && buffer.Length >= length) return buffer;
        buffer?.Dispose();
        return buffer = new NativeBuffer((int)Math.Min((uint)Array.MaxLength, BitOperations.RoundUpToPowerOf2((uint)length)));
    }
}
