using System.Text;

namespace Holdfast.Tests.Queues;

/// <summary>A connection at whose other end something answers that is not Redis: a beginning, then the same for ever, whatever it is asked.</summary>
internal sealed class FalseRedis : Stream
{
    private readonly byte[] _begin;
    private readonly byte[] _repeat;
    private readonly int _piece;
    private long _at;

    public FalseRedis(string begin, string repeat, int piece = 64 << 10) => (_begin, _repeat, _piece) = (Encoding.Latin1.GetBytes(begin), Encoding.Latin1.GetBytes(repeat), piece);

    /// <summary>Gives these bytes and closes the connection.</summary>
    public FalseRedis(byte[] all) => (_begin, _repeat, _piece) = (all, [], 64 << 10);

    /// <summary>How many bytes were taken from it.</summary>
    public long Given => _at;

    /// <summary>Called before each read.</summary>
    public Action OnRead { get; init; } = () => { };

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        OnRead();
        var most = Math.Min(count, _piece);
        for (var i = 0; i < most; i++)
        {
            if (_at >= _begin.Length && _repeat.Length == 0) return i;
            buffer[offset + i] = _at < _begin.Length ? _begin[_at] : _repeat[(_at - _begin.Length) % _repeat.Length];
            _at++;
        }
        return most;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = new byte[Math.Min(buffer.Length, _piece)];
        var read = Read(bytes, 0, bytes.Length);
        bytes.AsMemory(0, read).CopyTo(buffer);
        return ValueTask.FromResult(read);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        // Nothing listens.
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public override void Flush()
    {
        // Nothing is kept.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
