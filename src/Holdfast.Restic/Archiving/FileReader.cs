using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Archiving;

/// <summary>Reads one file into the repository: not at all when it is unchanged, and again when it changes meanwhile.</summary>
internal sealed class FileReader(Repository repository, ChunkPipeline chunks, NodeReader nodes, ArchiveCounters counters, ArchiveOptions options)
{
    /// <exception cref="PosixException">It can't be read.</exception>
    public async Task<Node?> ReadAsync(string path, string name, FileStatus status, Node? previous, CancellationToken cancellation)
    {
        var node = nodes.Read(path, name, status);
        if (await IsUnchangedAsync(node, previous, cancellation))
        {
            Interlocked.Increment(ref counters.FilesUnchanged);
            Interlocked.Add(ref counters.BytesRead, (long)status.Size);
            return node with { Content = previous!.Content };
        }
        node = await ReadContentAsync(path, name, cancellation);
        Interlocked.Increment(ref previous is null ? ref counters.FilesNew : ref counters.FilesChanged);
        return node;
    }

    private async Task<Node> ReadContentAsync(string path, string name, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var file = FileCalls.OpenRead(path);
            var before = FileStatus.Of(file, path);
            if (before.Type != NodeType.File) throw new PosixException(Errno.ENOENT, "read as a file", path); // it was replaced meanwhile
            var node = nodes.Read(path, name, before);
            long offset = 0;
            var content = await chunks.StoreAsync(
                (buffer, _) =>
                {
                    var count = Read(file, path, buffer.Span, offset);
                    offset += count;
                    return ValueTask.FromResult(count);
                },
                cancellation);
            var settled = IsSame(before, FileStatus.Of(file, path));
            if (!settled && attempt < options.Rereads) continue;
            if (!settled) options.OnWarning?.Invoke(new ArchiveWarning(path, $"{path} changed each of the {attempt + 1} times that it was read", Left: false));
            return node with { Size = (ulong)content.Size, Content = content.Blobs };
        }
    }

    // A bad sector costs the file, not the snapshot. HResult is errno, as .NET carries it on Linux.
    private static int Read(SafeFileHandle file, string path, Span<byte> buffer, long offset)
    {
        try
        {
            return RandomAccess.Read(file, buffer, offset);
        }
        catch (IOException error)
        {
            throw new PosixException((Errno)error.HResult, "read", path);
        }
    }

    private static bool IsSame(in FileStatus before, in FileStatus after) =>
        before.Size == after.Size && before.ModifyTime == after.ModifyTime && before.ChangeTime == after.ChangeTime;

    /// <summary>restic's rule: type, size, mtime, ctime and inode agree. All blobs must still be there as well.</summary>
    private async ValueTask<bool> IsUnchangedAsync(Node node, Node? previous, CancellationToken cancellation)
    {
        if (previous is not { Type: NodeType.File, Content: { } content } || previous.Size != node.Size || previous.Inode != node.Inode) return false;
        if (!previous.ModifyTime.IsSameInstant(node.ModifyTime) || !previous.ChangeTime.IsSameInstant(node.ChangeTime)) return false;
        var index = await repository.LoadIndexAsync(cancellation);
        return content.All(id => index.Contains(id, BlobType.Data));
    }
}
