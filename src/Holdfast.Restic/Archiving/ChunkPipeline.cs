using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Holdfast.Restic.Chunking;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Splits streams into chunks and stores them. A stream is read and split by its caller; its chunks, except the last
/// one, go through a bounded channel to the workers, so that one large file keeps all processors busy, and a small file
/// avoids the handover.
/// </summary>
internal sealed class ChunkPipeline : IAsyncDisposable
{
    /// <summary>
    /// Bytes per read: large enough to amortize the call, small enough that few bytes move to the next chunk's buffer.
    /// </summary>
    private const int ReadSize = 256 << 10;

    private sealed record Job(NativeBuffer Buffer, int Length, ChunkedContent Content, int Slot, TaskGroup Group);

    private readonly RabinChunker _chunker;
    private readonly BlobWriter _blobs;
    private readonly ArchiveCounters _counters;
    private readonly BufferPool _buffers;
    private readonly Channel<Job> _jobs;
    private readonly Task[] _workers;

    public ChunkPipeline(Repository repository, BlobWriter blobs, BufferPool buffers, ArchiveCounters counters, CancellationToken cancellation)
    {
        (_chunker, _blobs, _buffers, _counters) = (repository.Chunker, blobs, buffers, counters);
        _jobs = Channel.CreateBounded<Job>(repository.Options.Workers);
        _workers = [.. Enumerable.Range(0, repository.Options.Workers).Select(_ => Task.Run(() => WorkAsync(cancellation), CancellationToken.None))];
    }

    /// <summary>
    /// Reads a stream to its end and stores it. <paramref name="read"/> returns 0 at the end;
    /// <paramref name="chunkSize"/> is 0 for content-defined chunking; <paramref name="holes"/> are the holes of a
    /// sparse file, which are skipped.
    /// </summary>
    public async Task<ChunkedContent> StoreAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, CancellationToken cancellation, int chunkSize = 0, IHoles? holes = null)
    {
        var content = new ChunkedContent();
        var group = new TaskGroup();
        await _buffers.EnterAsync(cancellation);
        Exception? failure = null;
        try
        {
            await CutAsync(read, chunkSize, holes, content, group, cancellation);
        }
        catch (Exception unread)
        {
            failure = unread;
        }
        // The workers release their buffers in every case, so this wait ends.
        await group.WaitAsync();
        _buffers.Leave();
        // The caller skips a file that cannot be read; a chunk that cannot be stored must not be hidden by that.
        group.ThrowIfFailed();
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        return content;
    }

    private async Task CutAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, int chunkSize, IHoles? holes, ChunkedContent content, TaskGroup group, CancellationToken cancellation)
    {
        var buffer = await _buffers.RentAsync(cancellation);
        try
        {
            for (int filled = 0, scanned = 0; ;)
            {
                var cut = chunkSize == 0 ? _chunker.FindCut(buffer.GetSpan()[..filled], scanned) : filled >= chunkSize ? chunkSize : 0;
                if (cut == 0)
                {
                    scanned = filled;
                    if (filled == buffer.Length) buffer = await _buffers.EnlargeAsync(buffer, cancellation);
                    var count = await FillAsync(read, buffer.Memory.Slice(filled, Math.Min(filled == 0 ? RabinChunker.MinSize : ReadSize, (chunkSize == 0 ? buffer.Length : Math.Min(chunkSize, buffer.Length)) - filled)), cancellation);
                    filled += count;
                    if (count > 0) continue;
                    if (filled > 0) await SaveAsync(buffer.Memory[..filled], content, content.Reserve(filled), cancellation);
                    return;
                }
                if (holes is not null && cut == (chunkSize == 0 ? RabinChunker.MinSize : chunkSize) && ZeroChunksAhead(buffer.GetSpan()[..filled], cut, holes) is var ahead and > 0)
                {
                    holes.Skip(((long)cut * (ahead + 1)) - filled); // first, for it may refuse more chunks than fit into memory
                    await SaveRepeatedAsync(buffer.Memory[..cut], ahead + 1, content, cancellation);
                    Interlocked.Add(ref _counters.BytesRead, ((long)cut * (ahead + 1)) - filled);
                    (filled, scanned) = (0, 0);
                    continue;
                }
                var next = await _buffers.RentAsync(cancellation);
                buffer.GetSpan()[cut..filled].CopyTo(next.GetSpan());
                group.Begin();
                var job = new Job(buffer, cut, content, content.Reserve(cut), group);
                (buffer, filled, scanned) = (next, filled - cut, 0);
                await PostAsync(job, cancellation);
            }
        }
        finally
        {
            _buffers.Return(buffer);
        }
    }

    // Where a chunk is cut depends on its own bytes alone, so that a chunk of zeros is followed by equal ones for as long as there are zeros.
    private static int ZeroChunksAhead(ReadOnlySpan<byte> filled, int cut, IHoles holes) =>
        filled.ContainsAnyExcept((byte)0) ? 0 : (int)Math.Min((filled.Length - cut + holes.Ahead()) / cut, int.MaxValue / 2);

    private async Task SaveRepeatedAsync(ReadOnlyMemory<byte> chunk, int count, ChunkedContent content, CancellationToken cancellation)
    {
        await SaveAsync(chunk, content, content.Reserve(chunk.Length), cancellation);
        content.Repeat(content.Blobs[^1], chunk.Length, count - 1);
    }

    /// <summary>A pipe delivers little at a time; scanning begins when the piece is full or the end is reached.</summary>
    private async ValueTask<int> FillAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, Memory<byte> piece, CancellationToken cancellation)
    {
        var filled = 0;
        while (filled < piece.Length && await read(piece[filled..], cancellation) is var count and > 0)
        {
            filled += count;
            Interlocked.Add(ref _counters.BytesRead, count);
        }
        return filled;
    }

    private async ValueTask PostAsync(Job job, CancellationToken cancellation)
    {
        try
        {
            await _jobs.Writer.WriteAsync(job, cancellation);
        }
        catch (Exception e)
        {
            Finish(job, e);
            throw;
        }
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        await foreach (var job in _jobs.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                cancellation.ThrowIfCancellationRequested();
                await SaveAsync(job.Buffer.Memory[..job.Length], job.Content, job.Slot, cancellation);
                Finish(job, null);
            }
            catch (Exception e)
            {
                Finish(job, e);
            }
        }
    }

    private void Finish(Job job, Exception? failure)
    {
        _buffers.Return(job.Buffer);
        job.Group.End(failure);
    }

    private async ValueTask SaveAsync(ReadOnlyMemory<byte> chunk, ChunkedContent content, int slot, CancellationToken cancellation)
    {
        var (id, added) = await _blobs.SaveAsync(BlobType.Data, chunk, cancellation);
        content.Fill(slot, id, added ? chunk.Length : 0);
    }

    public async ValueTask DisposeAsync()
    {
        _jobs.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }
}
