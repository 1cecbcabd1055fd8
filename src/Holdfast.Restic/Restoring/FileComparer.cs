using System.Buffers;
using System.Collections.Concurrent;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Determines whether a file exists already. Its content is compared blob by blob, because a file changed by an
/// intruder or a power failure may have its old size and time; only with <see cref="RestoreOptions.TrustTimes"/> are
/// these two compared instead of the content, as in restic and rsync.
/// </summary>
internal sealed class FileComparer(RestoreContext context)
{
    private readonly ConcurrentDictionary<FileIdentity, FileJob> _kept = new();

    /// <summary>
    /// Returns true when the content exists, and the file is finished: metadata that differs is corrected in place.
    /// </summary>
    public bool Keep(FileJob job, CancellationToken cancellation)
    {
        RestoredNode? kept = null;
        var failure = TargetFailure.Try(() => kept = TryKeep(job, cancellation));
        if (failure is not null || kept is null) return false; // a file that cannot be read is replaced with the snapshot's
        context.Tally.Add(kept);
        Interlocked.Add(ref context.Tally.Counters.BytesWritten, job.Standing is { Type: NodeType.File } standing ? (long)standing.Size : 0);
        return true;
    }

    private RestoredNode? TryKeep(FileJob job, CancellationToken cancellation)
    {
        if (job.Standing is not { IsRegular: true }) return null;
        using var lease = context.Folders.Use(job.Folder);
        using var file = lease.Folder.OpenRead(job.Name);
        var status = FileStatus.Of(file, job.Path);
        if (status.Size != job.Node.Size || !HasContent(job, file, status, cancellation)) return null;
        var isSame = context.Metadata.IsSame(job.Node, file, job.Path, status);
        if (!MayKeep(job, lease.Folder, status, isSame)) return null;
        job.Identity = status.Identity;
        if (isSame) return new RestoredNode(job.Path, NodeType.File, RestoreOutcome.Kept);
        var failure = context.Options.DryRun ? null : context.Metadata.Apply(job.Node, file, job.Path);
        return new RestoredNode(job.Path, NodeType.File, failure is null ? RestoreOutcome.Restored : RestoreOutcome.Failed, Error: failure);
    }

    // A file with more hard links than the snapshot knows may be used elsewhere: it is written as a new file, and the
    // other links keep theirs unchanged.
    private bool MayKeep(FileJob job, OpenFolder folder, in FileStatus status, bool isSame)
    {
        if (status.Links > 1 && (status.Links > job.Node.Links || !isSame)) return false;
        if (!isSame && MayBeAnothers(job, folder, status)) return false;
        return _kept.GetOrAdd(status.Identity, job) == job;
    }

    // The owner of the directory can have moved a file of root to this name in order to become its owner.
    private bool MayBeAnothers(FileJob job, OpenFolder folder, in FileStatus status) =>
        !job.Folder.IsTrusted && Accounts.EffectiveUser == 0 && !context.Metadata.IsOwner(job.Node, status) && status.Uid != folder.Status.Uid;

    private bool HasContent(FileJob job, SafeFileHandle file, in FileStatus status, CancellationToken cancellation) =>
        (context.Options.TrustTimes && status.ModifyTime.IsSameInstant(job.Node.ModifyTime)) || HasBlobs(job, file, cancellation);

    private bool HasBlobs(FileJob job, SafeFileHandle file, CancellationToken cancellation)
    {
        long offset = 0;
        foreach (var id in job.Node.Content ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            if (!context.Index.TryFind(id, BlobType.Data, out var blob) || !HasBlob(file, offset, blob.PlainLength, id)) return false;
            offset += blob.PlainLength;
        }
        return offset == (long)job.Node.Size;
    }

    private static bool HasBlob(SafeFileHandle file, long offset, int length, Id id)
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
