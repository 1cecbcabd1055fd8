using System.Buffers;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// A file that is a mount point, as configuration files of containers are: it cannot be renamed, so the content is
/// written into it. Its old content is first copied to a file in the same directory, which remains if the write fails.
/// </summary>
internal static class MountedFile
{
    private const int Chunk = 1 << 20;

    /// <summary>
    /// Writes the restored file at the temporary name into the mounted file. Returns the path of the old content, or
    /// null, and the metadata that could not be set.
    /// </summary>
    public static (string? Aside, string? Failure) Write(RestoreContext context, FileJob job, OpenFolder folder)
    {
        using var old = folder.OpenRead(job.Name);
        using var target = folder.OpenWrite(job.Name);
        var status = FileStatus.Of(target, job.Path);
        var aside = context.Placement.CopyAside(folder, job.Name, copy =>
        {
            Copy(old, copy, job.Path);
            MetadataCalls.SetOwner(copy, status.Uid, status.Gid, job.Path);
            MetadataCalls.SetPermissions(copy, status.Mode & 0x1FF, job.Path);
            MetadataCalls.SetTimes(copy, status.AccessTime, status.ModifyTime, job.Path);
        });
        using (var restored = folder.OpenRead(job.Temporary!)) Copy(restored, target, job.Path);
        var failure = context.Metadata.Apply(job.Node, target, job.Path);
        FileCalls.Sync(target, job.Path);
        job.Identity = status.Identity;
        folder.Unlink(job.Temporary!);
        if (context.Options.Existing == ExistingFiles.MoveAside) return (folder.PathOf(aside), failure);
        folder.Unlink(aside);
        return (null, failure);
    }

    private static void Copy(SafeFileHandle from, SafeFileHandle to, string path)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            long offset = 0;
            while (RandomAccess.Read(from, buffer, offset) is var count and > 0)
            {
                FileCalls.Write(to, buffer.AsSpan(0, count), offset, path);
                offset += count;
            }
            FileCalls.SetSize(to, offset, path);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
