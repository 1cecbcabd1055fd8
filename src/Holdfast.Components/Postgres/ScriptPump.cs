namespace Holdfast.Components.Postgres;

/// <summary>
/// Standard input of a program that may end before it has read all: what it no longer takes is let go, and the failure is kept,
/// while a failure of the source goes its own way.
/// </summary>
internal sealed class ScriptPump(Stream input) : Stream
{
    public IOException? Broken { get; private set; }
    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Broken is not null) return;
        try
        {
            await input.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException broken)
        {
            Broken = broken;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public async Task CloseInputAsync()
    {
        try
        {
            await input.DisposeAsync();
        }
        catch (IOException broken)
        {
            Broken ??= broken;
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
}
