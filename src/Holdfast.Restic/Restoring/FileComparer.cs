using System.Buffers;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Tells whether a file stands there already. The same size and modify time count as the same content, as in restic and rsync,
/// unless <see cref="RestoreOptions.CompareContent"/>; when only the times differ, its content is compared blob by blob.
/// </summary>
internal sealed class FileComparer(RestoreContext context)
{
    /// <summary>True when the content is there, and is dealt with: metadata that differs is put right in place.</summary>
    public bool Keep(FileJob job, CancellationToken cancellation)
    {
        var standing = job.Standing!.Value;
        var failure = TargetFailure.Try(() =>
        {
            if (!HasContent(job, standing, cancellation)) job = null!;
        });
        if (job is null) return false;
        if (failure is not null) return false; // it cannot be read: the snapshot's goes in its place
        context.Tally.Add(PutRight(job, standing));
        Interlocked.Add(ref context.Tally.Counters.BytesWritten, standing.Type == NodeType.File ? (long)standing.Size : 0);
        return true;
    }

    private RestoredNode PutRight(FileJob job, in FileStatus standing)
    {
        if (NodeMetadata.IsSame(job.Node, job.Path, standing)) return new RestoredNode(job.Path, NodeType.File, RestoreOutcome.Kept);
        var failure = context.Options.DryRun ? null : NodeMetadata.Apply(job.Node, job.Path);
        return new RestoredNode(job.Path, NodeType.File, failure is null ? RestoreOutcome.Restored : RestoreOutcome.Failed, Error: failure);
    }

    private bool HasContent(FileJob job, in FileStatus standing, CancellationToken cancellation)
    {
        if (standing.Type != NodeType.File || standing.Size != job.Node.Size) return false;
        return (standing.ModifyTime.IsSameInstant(job.Node.ModifyTime) && !context.Options.CompareContent) || HasBlobs(job, cancellation);
    }

    private bool HasBlobs(FileJob job, CancellationToken cancellation)
    {
        using var file = FileCalls.OpenRead(job.Path);
        long offset = 0;
        foreach (var id in job.Node.Content ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            if (!context.Index.TryFind(id, BlobType.Data, out var blob) || !HasBlob(file, offset, blob.PlainLength, id)) return false;
            offset += blob.PlainLength;
        }
        return offset == (long)job.Node.Size;
    }

    private static bool HasBlob(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, int length, Id id)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var read = 0;
            while (read < length && RandomAccess.Read(file, buffer.AsSpan(read, length - read), offset + read) is var count and > 0)
                read += count;
            return read == length && Id.Hash(buffer.AsSpan(0, length)) == id;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
