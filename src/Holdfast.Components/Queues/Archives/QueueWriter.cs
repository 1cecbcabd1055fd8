using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Holdfast.Engine.Planning;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Queues.Archives;

/// <summary>Writes queues into a snapshot. A few megabytes are in memory, whatever the length of a queue.</summary>
internal sealed class QueueWriter(SnapshotWriter snapshot, StepCounters counters)
{
    public async Task<QueueTally> WriteAsync(QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, CancellationToken cancellation)
    {
        var tally = new QueueTally(head.Queue, QueuePath.File(head.Broker, head.Queue));
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await LineStream.WriteAsync(snapshot, tally.File, LinesAsync(head, messages, tally, cancellation), cancellation, line =>
        {
            digest.AppendData(line.Span);
            tally.Bytes += line.Length;
            Interlocked.Add(ref counters.BytesDone, line.Length);
        });
        tally.Digest = digest.GetHashAndReset();
        return tally;
    }

    private async IAsyncEnumerable<Action<IBufferWriter<byte>>> LinesAsync(
        QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, QueueTally tally, [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return output => QueueLines.WriteHead(output, head);
        await foreach (var message in messages.WithCancellation(cancellation))
        {
            yield return output => QueueLines.WriteMessage(output, message);
            tally.Count(message);
            Interlocked.Increment(ref counters.ItemsDone);
        }
    }
}
