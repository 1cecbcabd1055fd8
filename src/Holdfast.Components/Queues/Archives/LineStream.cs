using System.Buffers;
using System.IO.Pipelines;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Queues.Archives;

/// <summary>Writes lines into a file of a snapshot while they are made. One line is in memory, and a MiB that is on its way.</summary>
internal static class LineStream
{
    /// <summary>The making waits while more than this has not been taken by the snapshot; 1 MiB.</summary>
    private const long Ahead = 1 << 20;

    /// <summary>A line is handed on in pieces of this size, and its buffer is given up when it has become larger than <see cref="LargeLine"/>; in bytes.</summary>
    private const int Piece = 256 << 10, LargeLine = 4 << 20;

    /// <param name="snapshot">Where the file goes.</param>
    /// <param name="file">Its path.</param>
    /// <param name="lines">Each writes one line.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="written">Called with each line.</param>
    public static async Task WriteAsync(
        SnapshotWriter snapshot, string file, IAsyncEnumerable<Action<IBufferWriter<byte>>> lines, CancellationToken cancellation, Action<ReadOnlyMemory<byte>>? written = null)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: Ahead, resumeWriterThreshold: Ahead / 2));
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var filling = FillAsync(pipe.Writer, lines, written, giveUp.Token);
        try
        {
            await using var content = pipe.Reader.AsStream();
            await snapshot.AddStreamAsync(file, content, cancellation: cancellation);
        }
        finally
        {
            await giveUp.CancelAsync();
            await filling;
        }
    }

    /// <summary>A failure goes through the pipe to its reader.</summary>
    private static async Task FillAsync(PipeWriter output, IAsyncEnumerable<Action<IBufferWriter<byte>>> lines, Action<ReadOnlyMemory<byte>>? written, CancellationToken cancellation)
    {
        try
        {
            var buffer = new ArrayBufferWriter<byte>(4096);
            await foreach (var write in lines.WithCancellation(cancellation))
            {
                write(buffer);
                written?.Invoke(buffer.WrittenMemory);
                for (var rest = buffer.WrittenMemory; rest.Length > 0; rest = rest[Math.Min(Piece, rest.Length)..])
                    await output.WriteAsync(rest[..Math.Min(Piece, rest.Length)], cancellation);
                buffer.ResetWrittenCount();
                if (buffer.Capacity > LargeLine) buffer = new ArrayBufferWriter<byte>(4096);
            }
            await output.CompleteAsync();
        }
        catch (Exception failure)
        {
            await output.CompleteAsync(failure);
        }
    }
}
