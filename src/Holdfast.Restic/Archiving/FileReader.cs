using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Reads one file into the repository: skips it when it is unchanged, and reads it again when it changes meanwhile.
/// </summary>
internal sealed class FileReader(Repository repository, WalkedFolder root, ChunkPipeline chunks, NodeReader nodes, ArchiveCounters counters, ArchiveOptions options)
{
    private long _holes;

    /// <exception cref="PosixException">The file cannot be read.</exception>
    public async Task<Node?> ReadAsync(string path, string name, FileStatus status, Node? previous, CancellationToken cancellation)
    {
        var node = nodes.Read(path, name, status);
        using var file = new LocalFile(root, path, node, previous, await repository.LoadIndexAsync(cancellation));
        if (options.Source is { } source) return await ReadSourceAsync(source, file, node, cancellation);
        if (file.IsUnchanged()) return NotStored(file, node with { Content = previous!.Content }, isRead: false);
        node = await ReadContentAsync(path, name, cancellation);
        Interlocked.Increment(ref previous is null ? ref counters.FilesNew : ref counters.FilesChanged);
        return node;
    }

    private async Task<Node> ReadSourceAsync(IContentSource source, LocalFile file, Node node, CancellationToken cancellation)
    {
        var content = await source.OpenAsync(file, cancellation);
        if (content.Stored is { } stored) return NotStored(file, node with { Size = stored.Size, Content = stored.Content }, content.IsRead);
        await using var bytes = content.Bytes ?? throw new InvalidOperationException("A file's content is bytes, or stored.");
        var holes = content.Holes is { } found ? new CountedHoles(found, length => TakeHole(file.Path, length)) : null;
        var chunked = await chunks.StoreAsync(bytes.ReadAsync, cancellation, content.ChunkSize, holes);
        if (content.OnStored is { } told) await told(cancellation);
        Interlocked.Increment(ref file.Previous is null ? ref counters.FilesNew : ref counters.FilesChanged);
        return node with { Size = (ulong)chunked.Size, Content = chunked.Blobs };
    }

    private Node NotStored(LocalFile file, Node node, bool isRead)
    {
        Interlocked.Increment(ref isRead ? ref counters.FilesChanged : ref counters.FilesUnchanged);
        Interlocked.Add(ref counters.BytesRead, file.Size);
        return node;
    }

    private async Task<Node> ReadContentAsync(string path, string name, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var file = Open(root, path, out var before);
            var node = nodes.Read(path, name, before);
            var holes = 0L;
            var bytes = new SequentialFile(file, path, (long)before.Size);
            var content = await chunks.StoreAsync(bytes.ReadAsync, cancellation, holes: new CountedHoles(bytes, length => holes += TakeHole(path, length)));
            var settled = IsSame(before, FileStatus.Of(file, path));
            if (!settled && attempt < options.Rereads)
            {
                Interlocked.Add(ref _holes, -holes); // only the holes of the next reading count
                continue;
            }
            if (!settled) options.OnWarning?.Invoke(new ArchiveWarning(path, $"{path} changed each of the {attempt + 1} times that it was read", Left: false));
            return node with { Size = (ulong)content.Size, Content = content.Blobs };
        }
    }

    // Holes take no disk space from the file's owner, but 32 bytes of memory per half a mebibyte in the snapshot.
    private long TakeHole(string path, long length)
    {
        if (Interlocked.Add(ref _holes, length) <= options.MostHoles) return length;
        throw PosixException.TooManyHoles(path, $"{path} has more holes than are captured: those of all sparse files below one place are limited to {options.MostHoles >> 30} GiB");
    }

    /// <summary>
    /// Opens a file of the walk, unless it is in one of the kernel's file systems, which may have been mounted over its
    /// name.
    /// </summary>
    /// <exception cref="PosixException">The file cannot be opened, or must not be read.</exception>
    internal static SafeFileHandle Open(WalkedFolder root, string path, out FileStatus status)
    {
        var file = root.OpenRead(path, out status);
        if (KernelFileSystem.NameOf(file, path) is not { } kernel) return file;
        using (file) throw new PosixException(Errno.EINVAL, "archive", path) { KernelFileSystem = kernel };
    }

    // A bad sector costs the file, not the snapshot. HResult is the errno on Linux.
    internal static int Read(SafeFileHandle file, string path, Span<byte> buffer, long offset)
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

    /// <summary>Counts each hole before it is skipped, and refuses a file with too many bytes in holes.</summary>
    private sealed class CountedHoles(IHoles holes, Func<long, long> count) : IHoles
    {
        public long Ahead() => holes.Ahead();

        public void Skip(long bytes)
        {
            count(bytes);
            holes.Skip(bytes);
        }
    }
}
