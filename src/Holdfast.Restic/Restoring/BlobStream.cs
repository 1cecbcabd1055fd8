using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Reads the content of a file sequentially; every blob is verified before its first byte is returned. A few blobs (of
/// at most 8 MiB) are loaded ahead, so that reading and decoding overlap with the caller's work.
/// </summary>
internal sealed class BlobStream : Stream
{
    private const int ReadAhead = 3;

    private readonly Repository _repository;
    private readonly IReadOnlyList<Id> _content;
    private readonly Node _file;
    private readonly Queue<Task<byte[]>> _coming = new();
    private readonly CancellationTokenSource _closed = new();
    private ReadOnlyMemory<byte> _blob;
    private int _next;
    private long _position;

    /// <exception cref="ResticException">Unsupported: the node is not a file.</exception>
    public BlobStream(Repository repository, Node file)
    {
        if (file.Type != NodeType.File) throw new ResticException(ResticError.Unsupported, $"'{file.Name}' is no file, so it has no content.");
        (_repository, _file, _content) = (repository, file, file.Content ?? []);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException("The size is the node's.");

    /// <summary>The number of bytes read so far.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        while (_blob.IsEmpty)
        {
            LoadAhead();
            if (!_coming.TryPeek(out var blob)) return End();
            _blob = Fitting(await blob.WaitAsync(cancellationToken));
            _ = _coming.Dequeue();
        }
        return Take(buffer.Span);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty && _blob.IsEmpty)
        {
            LoadAhead();
            if (!_coming.TryPeek(out var blob)) return End();
            _blob = Fitting(blob.GetAwaiter().GetResult());
            _ = _coming.Dequeue();
        }
        return Take(buffer);
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is written.
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed.IsCancellationRequested)
        {
            _closed.Cancel();
            foreach (var blob in _coming)
                _ = blob.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default); // the stream is not read further, so the exception is ignored
            _coming.Clear();
            _closed.Dispose();
        }
        base.Dispose(disposing);
    }

    private void LoadAhead()
    {
        while (_coming.Count < ReadAhead && _next < _content.Count)
        {
            var id = _content[_next++];
            _coming.Enqueue(Task.Run(() => _repository.LoadBlobAsync(id, BlobType.Data, _closed.Token)));
        }
    }

    /// <summary>
    /// Verifies the length: a reader that allocated memory by the size in the tree must not get more, nor mistake fewer
    /// bytes for the whole.
    /// </summary>
    private byte[] Fitting(byte[] blob) => (ulong)(_position + blob.Length) <= _file.Size ? blob : throw Misfit("more");

    private int End() => (ulong)_position == _file.Size ? 0 : throw Misfit("fewer");

    private ResticException Misfit(string how) => new(ResticError.Damaged, $"The file '{_file.Name}' should have {_file.Size} bytes, and its blobs have {how}.");

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _blob.Length);
        _blob.Span[..count].CopyTo(buffer);
        _blob = _blob[count..];
        _position += count;
        return count;
    }
}
