namespace Holdfast.Restic.Backends;

/// <summary>A stream whose throughput is limited in each direction. It owns the wrapped stream.</summary>
internal sealed class LimitedStream(Stream inner, RateLimit? upload, RateLimit? download) : Stream
{
    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (download is null) return await inner.ReadAsync(buffer, cancellationToken);
        var count = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, download.Piece)], cancellationToken);
        await download.TakeAsync(count, cancellationToken);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (upload is not null && buffer.Length > 0)
        {
            var piece = buffer[..Math.Min(buffer.Length, upload.Piece)];
            await upload.TakeAsync(piece.Length, cancellationToken);
            await inner.WriteAsync(piece, cancellationToken);
            buffer = buffer[piece.Length..];
        }
        if (upload is null) await inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
