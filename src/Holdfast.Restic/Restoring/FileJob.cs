using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// The state of one file that is being restored: it is written under a temporary name, and blobs arrive in any order
/// from several threads.
/// </summary>
internal sealed class FileJob(Node node, RestoreFolder folder, FileStatus? standing)
{
    public Node Node { get; } = node;

    /// <summary>The directory that it is restored into.</summary>
    public RestoreFolder Folder { get; } = folder;

    public string Name => Node.Name;

    /// <summary>The path for messages.</summary>
    public string Path => $"{Folder.Path}/{Name}";

    /// <summary>The status of the existing file of that name, if any.</summary>
    public FileStatus? Standing { get; } = standing;

    /// <summary>The identity of the file, set when it was kept, finished, or closed before it was finished.</summary>
    public FileIdentity Identity { get; set; }

    /// <summary>The total size of all blobs in bytes.</summary>
    public long Size { get; set; }

    /// <summary>The number of bytes written.</summary>
    public long Written { get; set; }

    /// <summary>The number of blobs not yet written.</summary>
    public int Remaining;

    /// <summary>The first reason why it cannot be restored.</summary>
    public string? Failure { get; set; }

    /// <summary>Held while the file is written to or finished.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The temporary name; null before it was created and after it was finished.</summary>
    public string? Temporary { get; set; }

    /// <summary>The handle, open between writes unless too many are open.</summary>
    public SafeFileHandle? Handle { get; set; }

    /// <summary>Where the existing file would be moved, in a dry run; null when it would not be moved.</summary>
    public string? Predict(RestoreContext context)
    {
        if (Standing is not { } standing) return null;
        using var lease = context.Folders.Use(Folder);
        return context.Placement.Predict(lease.Folder, Name, standing.Type);
    }
}
