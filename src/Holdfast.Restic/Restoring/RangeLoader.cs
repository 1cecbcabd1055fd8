using System.Collections.Concurrent;
using System.Numerics;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>Reads ranges of packs, and hands each verified blob to all files that need it.</summary>
internal sealed class RangeLoader(RestoreContext context, FileBuilder builder) : IDisposable
{
    // One blob of 8 MiB, as large as restic makes them, and its plaintext; ranges of several blobs are shorter.
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

    /// <summary>How many ranges are worked on at once, so that memory stays within its limit.</summary>
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
                Deliver(range, message.Span, buffers);
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

    // The range may reach over the end of a truncated pack: what lies before it can still be saved.
    private async ValueTask LoadOneByOneAsync(PackRange range, Buffers buffers, string failure, CancellationToken cancellation)
    {
        for (int start = 0, next; start < range.Pieces.Count; start = next)
        {
            next = EndOfSame(range.Pieces, start);
            var one = new PackRange(range.Pieces[start..next], range.Pieces[start].Blob.Offset, (int)range.Pieces[start].Blob.Length);
            var message = buffers.Sealed(one.Length);
            if (one.Length != range.Length) failure = await ReadAsync(one, message, cancellation) ?? "";
            if (failure.Length == 0)
                Deliver(one, message.Span, buffers);
            else
                foreach (var piece in one.Pieces)
                    builder.Fail(piece.File, failure);
        }
    }

    private void Deliver(PackRange range, Span<byte> message, Buffers buffers)
    {
        for (int start = 0, next; start < range.Pieces.Count; start = next)
        {
            next = EndOfSame(range.Pieces, start);
            var piece = range.Pieces[start];
            var plaintext = buffers.Plain(piece.Blob.PlainLength).Span;
            var failure = Decode(piece, message.Slice((int)(piece.Blob.Offset - range.Offset), (int)piece.Blob.Length), plaintext);
            for (var i = start; i < next; i++)
            {
                if (failure is null)
                    builder.Write(range.Pieces[i].File, plaintext, range.Pieces[i].At);
                else
                    builder.Fail(range.Pieces[i].File, failure);
            }
        }
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
        while (next < pieces.Count && pieces[next].Blob.Offset == pieces[start].Blob.Offset) next++;
        return next;
    }
}
