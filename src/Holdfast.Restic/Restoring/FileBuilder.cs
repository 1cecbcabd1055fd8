using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>Writes files under temporary names, and puts them in place when they are complete with all their metadata.</summary>
internal sealed class FileBuilder(RestoreContext context)
{
    private const int MostOpen = 256; // below the usual limit of 1024 descriptors

    private int _open;

    /// <summary>Writes the bytes of one blob at their place, and finishes the file when they were the last.</summary>
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

    /// <summary>A blob of the file cannot be had.</summary>
    public void Fail(FileJob job, string reason)
    {
        lock (job.Gate) job.Failure ??= reason;
        CountDown(job);
    }

    /// <summary>Puts the file in place, or removes what there is of it when something has failed.</summary>
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

    /// <summary>Removes what there is of a file that will not be complete.</summary>
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

    // Who may rename in the folder could have put a file of somebody else's under the name.
    private static SafeFileHandle Reopen(FileJob job, OpenFolder folder, string temporary)
    {
        var file = folder.OpenWrite(temporary);
        if (FileStatus.Of(file, job.Path).Identity == job.Identity) return file;
        file.Dispose();
        throw PosixException.Refused(job.Path, $"{job.Path} was exchanged for another file while it was being written");
    }

    // Most files are: one write sets their size, and no hole in them would be worth its while.
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
