using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The file of one queue in a snapshot, read line by line.</summary>
internal sealed class QueueFile(Repository repository, string path, Node node)
{
    /// <summary>A text of Redis has 512 MiB at most; as base64 it is a third longer.</summary>
    private const long LongestLine = 800L << 20;

    public string Path => path;

    /// <summary>The files of a broker, or of all; none when the snapshot has no queues.</summary>
    public static async Task<IReadOnlyList<QueueFile>> ListAsync(Repository repository, Snapshot snapshot, string? broker, CancellationToken cancellation)
    {
        var below = broker is null ? QueuePath.Root : QueuePath.Broker(broker);
        var files = new List<QueueFile>();
        if (await repository.FindNodeAsync(snapshot, below, cancellation) is null) return files;
        await foreach (var (found, node) in repository.WalkAsync(snapshot, below, cancellation))
            if (node.Type == NodeType.File && found.EndsWith(QueuePath.Ending, StringComparison.Ordinal)) files.Add(new QueueFile(repository, found, node));
        return files;
    }

    public async Task<QueueFileHead> ReadHeadAsync(CancellationToken cancellation)
    {
        await foreach (var line in LinesAsync(cancellation)) return QueueLines.ReadHead(line, path);
        throw Catalogue.QueueArchive.Throwable($"'{path}' is empty.");
    }

    /// <summary>The file of a broker's keys; null when the snapshot has none.</summary>
    public static async Task<QueueFile?> FindKeysAsync(Repository repository, Snapshot snapshot, string broker, CancellationToken cancellation) =>
        await repository.FindNodeAsync(snapshot, QueuePath.Keys(broker), cancellation) is { Type: NodeType.File } node ? new QueueFile(repository, QueuePath.Keys(broker), node) : null;

    public async Task<KeyFileHead> ReadKeyHeadAsync(CancellationToken cancellation)
    {
        await foreach (var line in LinesAsync(cancellation)) return KeyLines.ReadHead(line, path);
        throw Catalogue.QueueArchive.Throwable($"'{path}' is empty.");
    }

    public async IAsyncEnumerable<DumpedKey> ReadKeysAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var isHead = true;
        await foreach (var line in LinesAsync(cancellation))
        {
            if (!isHead) yield return KeyLines.ReadKey(line, path);
            isHead = false;
        }
    }

    public async IAsyncEnumerable<ArchivedMessage> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var isHead = true;
        await foreach (var line in LinesAsync(cancellation))
        {
            if (!isHead) yield return QueueLines.ReadMessage(line, path);
            isHead = false;
        }
    }

    /// <summary>SHA-256 of the content as the repository gives it.</summary>
    public async Task<byte[]> HashAsync(CancellationToken cancellation)
    {
        await using var content = repository.OpenFile(node);
        return await System.Security.Cryptography.SHA256.HashDataAsync(content, cancellation);
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> LinesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var content = repository.OpenFile(node);
        var input = PipeReader.Create(content, new StreamPipeReaderOptions(bufferSize: 64 << 10, leaveOpen: true));
        for (var searched = 0L; ;)
        {
            var read = await input.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                yield return rest.Slice(0, end).ToArray();
                (rest, searched) = (rest.Slice(rest.GetPosition(1, end)), 0);
            }
            searched = rest.Length; // a long line comes in many pieces: none is searched twice
            if (read.IsCompleted && !rest.IsEmpty) throw Catalogue.QueueArchive.Throwable($"'{path}' ends in the middle of a line.");
            if (read.IsCompleted) yield break;
            if (rest.Length > LongestLine) throw Catalogue.QueueArchive.Throwable($"'{path}' has a line that is longer than any message.");
            input.AdvanceTo(rest.Start, rest.End);
        }
    }
}
