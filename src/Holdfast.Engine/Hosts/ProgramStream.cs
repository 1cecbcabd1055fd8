namespace Holdfast.Engine.Hosts;

/// <summary>
/// The standard input and output of a running program as one stream, for a protocol that is spoken over it. The program
/// ends with the stream; the end of a program that ended by itself is an error of the next read.
/// </summary>
internal sealed class ProgramStream(IRunningProgram program, Func<ProgramResult, Exception> explain) : Stream
{
    private static readonly TimeSpan _end = TimeSpan.FromSeconds(5);

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The program has ended.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await program.Output.ReadAsync(buffer, cancellationToken);
        if (count > 0 || buffer.IsEmpty) return count;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_end); // it has closed its output and goes on: then it is killed
        throw explain(await program.WaitAsync(deadline.Token));
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await program.Input.WriteAsync(buffer, cancellationToken);
        await program.Input.FlushAsync(cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
        // Each write is flushed.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _ = program.DisposeAsync().AsTask(); // it is killed at once, and its end waited for elsewhere
        base.Dispose(disposing);
    }
}
