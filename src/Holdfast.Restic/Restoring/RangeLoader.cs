using System.Collections.Concurrent;
using System.Numerics;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>Reads ranges of packs, and passes each verified blob to all files that need it.</summary>
internal sealed class RangeLoader(RestoreContext context, FileBuilder builder) : IDisposable
{
    // One blob of 8 MiB, restic's maximum, and its plaintext; ranges of several blobs are shorter.
    private const long UsualBuffers = 16 << 20;

    private readonly ConcurrentBag<Buffers> _idle = [];

    private sealed class Buffers : IDisposable
    {
        private NativeBuffer _sealed = new(0), _plain = new(0);

        public Memory<byte> Sealed(int length) => Sized(ref _sealed, length);

        public Memory<byte> Plain(int length) => Sized(ref _plain, length);

        private static Memory<byte> Sized(ref NativeBuffer buffer, int length)
        {
            if (buffer.Length < length)
            {
                buffer.Dispose();
                buffer = new NativeBuffer((int)Math.Min((uint)Array.MaxLength, BitOperations.RoundUpToPowerOf2((uint)length)));
            }
            return buffer.Memory[..length];
        }

        public void Dispose()
        {
            _sealed.Dispose();
            _plain.Dispose();
        }
    }

    /// <summary>The number of ranges processed concurrently, so that memory stays within its limit.</summary>
    public int Workers
    {
        get
        {
            var wanted = Math.Max(context.Repository.Options.Workers, context.Repository.Backend.Concurrency);
            return (int)Math.Clamp(context.Repository.Options.MemoryLimit / UsualBuffers, 1, wanted);
        }
    }

    public async ValueTask LoadAsync(PackRange range, CancellationToken cancellation)
    {
        var buffers = _idle.TryTake(out var idle) ? idle : new Buffers();
        try
        {
            var message = buffers.Sealed(range.Length);
            if (await ReadAsync(range, message, cancellation) is { } failure)
                await LoadOneByOneAsync(range, buffers, failure, cancellation);
            else
                await DeliverAsync(range, message, buffers, cancellation);
        }
        finally
        {
            _idle.Add(buffers);
        }
    }

    private async ValueTask<string?> ReadAsync(PackRange range, Memory<byte> message, CancellationToken cancellation)
    {
        try
        {
            await context.Repository.Backend.ReadAsync(FileKind.Pack, range.Pieces[0].Blob.Pack.ToString(), range.Offset, message, cancellation);
            return null;
        }
        catch (ResticException error)
        {
            return error.Message;
        }
    }

    // The range may extend beyond the end of a truncated pack: blobs before it can still be restored.
    private async ValueTask LoadOneByOneAsync(PackRange range, Buffers buffers, string failure, CancellationToken cancellation)
    {
        for (int start = 0, next; start < range.Pieces.Count; start = next)
        {
            next = EndOfSame(range.Pieces, start);
            var one = new PackRange(range.Pieces[start..next], range.Pieces[start].Blob.Offset, (int)range.Pieces[start].Blob.Length);
            var message = buffers.Sealed(one.Length);
            if (one.Length != range.Length) failure = await ReadAsync(one, message, cancellation) ?? "";
            if (failure.Length == 0)
                await DeliverAsync(one, message, buffers, cancellation);
            else
                await DeliverElsewhereAsync(one.Pieces, failure, cancellation);
        }
    }

    private async ValueTask DeliverAsync(PackRange range, Memory<byte> message, Buffers buffers, CancellationToken cancellation)
    {
        foreach (var (pieces, failure) in Deliver(range, message.Span, buffers)) await DeliverElsewhereAsync(pieces, failure, cancellation);
    }

    /// <summary>
    /// Tries other packs for a blob that cannot be read here; only if none has it are the files that need it lost.
    /// </summary>
    private async ValueTask DeliverElsewhereAsync(ArraySegment<BlobPiece> same, string failure, CancellationToken cancellation)
    {
        var copy = await context.Repository.LoadElsewhereAsync(same[0].Id, same[0].Blob, cancellation);
        foreach (var piece in same)
        {
            if (copy is null)
                builder.Fail(piece.File, failure);
            else
                builder.Write(piece.File, copy, piece.At);
        }
    }

    /// <summary>Passes on the undamaged blobs, and returns the others with their failures.</summary>
    private List<(ArraySegment<BlobPiece> Pieces, string Failure)> Deliver(PackRange range, Span<byte> message, Buffers buffers)
    {
        var broken = new List<(ArraySegment<BlobPiece> Pieces, string Failure)>();
        for (int start = 0, next; start < range.Pieces.Count; start = next)
        {
            next = EndOfSame(range.Pieces, start);
            var piece = range.Pieces[start];
            var plaintext = buffers.Plain(piece.Blob.PlainLength).Span;
            var failure = Decode(piece, message.Slice((int)(piece.Blob.Offset - range.Offset), (int)piece.Blob.Length), plaintext);
            if (failure is not null) broken.Add((range.Pieces[start..next], failure));
            else for (var i = start; i < next; i++) builder.Write(range.Pieces[i].File, plaintext, range.Pieces[i].At);
        }
        return broken;
    }

    private string? Decode(in BlobPiece piece, Span<byte> message, Span<byte> plaintext)
    {
        try
        {
            context.Repository.DecodeBlob(message, piece.Id, piece.Blob, plaintext);
            return null;
        }
        catch (ResticException error) when (error.Error == ResticError.Damaged)
        {
            return error.Message;
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var buffers)) buffers.Dispose();
    }

    private static int EndOfSame(ArraySegment<BlobPiece> pieces, int start)
    {
        var next = start + 1;
        while (next < pieces.Count && pieces[next].Blob == pieces[start].Blob && pieces[next].Id == pieces[start].Id) next++;
        return next;
    }
}
