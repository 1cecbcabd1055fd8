using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Writes files under temporary names, and renames them when they are complete with all their metadata.
/// </summary>
internal sealed class FileBuilder(RestoreContext context)
{
    private const int MostOpen = 256; // below the usual limit of 1024 descriptors

    private int _open;

    /// <summary>Writes the bytes of one blob at their offset, and finishes the file after the last one.</summary>
    public void Write(FileJob job, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (job.Gate)
        {
            try
            {
                if (job.Failure is null) WriteCounted(job, bytes, offset);
            }
            catch (PosixException error) when (TargetFailure.Fatal(error) is null)
            {
                job.Failure = error.Message;
            }
        }
        CountDown(job);
    }

    /// <summary>Records that a blob of the file cannot be read.</summary>
    public void Fail(FileJob job, string reason)
    {
        lock (job.Gate) job.Failure ??= reason;
        CountDown(job);
    }

    /// <summary>Renames the file to its final name, or removes the partly written file after a failure.</summary>
    public void Finish(FileJob job)
    {
        lock (job.Gate)
        {
            job.Failure ??= TargetFailure.Try(() => Complete(job));
            if (job.Failure is null) return;
            Abandon(job);
            Interlocked.Add(ref context.Tally.Counters.BytesWritten, -job.Written);
            context.Tally.Failed(job.Path, NodeType.File, job.Failure);
        }
    }

    /// <summary>Removes a partly written file that will not be completed.</summary>
    public void Abandon(FileJob job)
    {
        Close(job);
        if (job.Temporary is not { } temporary) return;
        job.Temporary = null;
        using var lease = context.Folders.Use(job.Folder);
        lease.Folder.Unlink(temporary);
    }

    private void CountDown(FileJob job)
    {
        if (Interlocked.Decrement(ref job.Remaining) == 0) Finish(job);
    }

    private void WriteCounted(FileJob job, ReadOnlySpan<byte> bytes, long offset)
    {
        WriteOpened(job, bytes, offset);
        job.Written += bytes.Length;
        Interlocked.Add(ref context.Tally.Counters.BytesWritten, bytes.Length);
    }

    private void WriteOpened(FileJob job, ReadOnlySpan<byte> bytes, long offset)
    {
        var file = Open(job);
        if (IsSmall(job))
            FileCalls.Write(file, bytes, offset, job.Path);
        else
            SparseWriter.Write(file, bytes, offset, job.Path);
        if (Volatile.Read(ref _open) <= MostOpen) return;
        Remember(job);
        Close(job);
    }

    private SafeFileHandle Open(FileJob job)
    {
        if (job.Handle is { } open) return open;
        using var lease = context.Folders.Use(job.Folder);
        job.Handle = job.Temporary is { } begun ? Reopen(job, lease.Folder, begun) : Begin(job, lease.Folder);
        Interlocked.Increment(ref _open);
        return job.Handle;
    }

    private SafeFileHandle Begin(FileJob job, OpenFolder folder)
    {
        var temporary = context.Temporary.Next();
        var file = folder.Create(temporary);
        job.Temporary = temporary;
        if (!IsSmall(job)) FileCalls.SetSize(file, job.Size, job.Path);
        return file;
    }

    // A user who can rename in the directory could have put another user's file under the name.
    private static SafeFileHandle Reopen(FileJob job, OpenFolder folder, string temporary)
    {
        var file = folder.OpenWrite(temporary);
        if (FileStatus.Of(file, job.Path).Identity == job.Identity) return file;
        file.Dispose();
        throw PosixException.Refused(job.Path, $"{job.Path} was exchanged for another file while it was being written");
    }

    // Applies to most files: one write sets their size, and a hole would not be worth its cost.
    private static bool IsSmall(FileJob job) => job.Size < SparseWriter.ShortestHole && job.Node.Content is { Count: 1 };

    private void Close(FileJob job)
    {
        if (job.Handle is null) return;
        job.Handle.Dispose();
        job.Handle = null;
        Interlocked.Decrement(ref _open);
    }

    private void Complete(FileJob job)
    {
        var file = Open(job);
        if (job.Node.Links > 1) Remember(job);
        var failure = context.Metadata.Apply(job.Node, file, job.Path);
        Close(job);
        (var aside, failure) = Commit(job, failure);
        job.Temporary = null;
        var outcome = failure is not null ? RestoreOutcome.Failed : aside is not null ? RestoreOutcome.MovedAside : RestoreOutcome.Restored;
        context.Tally.Add(new RestoredNode(job.Path, NodeType.File, outcome, aside, failure is null ? null : $"it was restored, but {failure}"));
    }

    private (string? Aside, string? Failure) Commit(FileJob job, string? failure)
    {
        using var lease = context.Folders.Use(job.Folder);
        try
        {
            return (context.Placement.Commit(lease.Folder, job.Temporary!, job.Name), failure);
        }
        catch (PosixException busy) when (busy.Errno == Errno.EBUSY)
        {
            return MountedFile.Write(context, job, lease.Folder);
        }
    }

    private static void Remember(FileJob job) => job.Identity = FileStatus.Of(job.Handle!, job.Path).Identity;
}
