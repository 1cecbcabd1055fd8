using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Holdfast.Engine.Running;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Queues;

/// <summary>Writes queues into a snapshot. A few megabytes stand in memory, whatever the length of a queue.</summary>
internal sealed class QueueWriter(SnapshotWriter snapshot, StepCounters counters)
{
    /// <summary>The filling waits while more than this has not been taken by the snapshot; 1 MiB.</summary>
    private const long Ahead = 1 << 20;

    /// <summary>A line is handed on in pieces of this size, and its buffer is given up when it has become larger than <see cref="LargeLine"/>; in bytes.</summary>
    private const int Piece = 256 << 10, LargeLine = 4 << 20;

    public async Task<QueueTally> WriteAsync(QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, CancellationToken cancellation)
    {
        var tally = new QueueTally(head.Queue, QueuePath.File(head.Broker, head.Queue));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: Ahead, resumeWriterThreshold: Ahead / 2));
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var filling = FillAsync(pipe.Writer, head, messages, tally, giveUp.Token);
        try
        {
            await using var content = pipe.Reader.AsStream();
            await snapshot.AddStreamAsync(tally.File, content, cancellation: cancellation);
        }
        finally
        {
            await giveUp.CancelAsync();
            await filling;
        }
        return tally;
    }

    /// <summary>A failure goes through the pipe to whoever reads it.</summary>
    private async Task FillAsync(PipeWriter output, QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, QueueTally tally, CancellationToken cancellation)
    {
        try
        {
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var line = new ArrayBufferWriter<byte>(4096);
            QueueLines.WriteHead(line, head);
            await PassOnAsync(output, line, digest, tally, cancellation);
            await foreach (var message in messages.WithCancellation(cancellation))
            {
                QueueLines.WriteMessage(line, message);
                tally.Count(message);
                await PassOnAsync(output, line, digest, tally, cancellation);
                Interlocked.Increment(ref counters.ItemsDone);
                if (line.Capacity > LargeLine) line = new ArrayBufferWriter<byte>(4096);
            }
            tally.Digest = digest.GetHashAndReset();
            await output.CompleteAsync();
        }
        catch (Exception failure)
        {
            await output.CompleteAsync(failure);
        }
    }

    private async Task PassOnAsync(PipeWriter output, ArrayBufferWriter<byte> line, IncrementalHash digest, QueueTally tally, CancellationToken cancellation)
    {
        digest.AppendData(line.WrittenSpan);
        tally.Bytes += line.WrittenCount;
        Interlocked.Add(ref counters.BytesDone, line.WrittenCount);
        for (var rest = line.WrittenMemory; rest.Length > 0; rest = rest[Math.Min(Piece, rest.Length)..]) await output.WriteAsync(rest[..Math.Min(Piece, rest.Length)], cancellation);
        line.ResetWrittenCount();
    }
}
