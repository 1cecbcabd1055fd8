using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>One file on its way: it grows under a temporary name, blobs come in any order from several threads.</summary>
internal sealed class FileJob(Node node, RestoreFolder folder, FileStatus? standing)
{
    public Node Node { get; } = node;

    /// <summary>The folder that it is restored into.</summary>
    public RestoreFolder Folder { get; } = folder;

    public string Name => Node.Name;

    /// <summary>For messages.</summary>
    public string Path => $"{Folder.Path}/{Name}";

    /// <summary>What exists under its name, if anything.</summary>
    public FileStatus? Standing { get; } = standing;

    /// <summary>Which file it is, once it was kept, finished or closed before it was finished.</summary>
    public FileIdentity Identity { get; set; }

    /// <summary>Bytes of all blobs together.</summary>
    public long Size { get; set; }

    /// <summary>Bytes that are written.</summary>
    public long Written { get; set; }

    /// <summary>Blobs that are not written yet.</summary>
    public int Remaining;

    /// <summary>Why it cannot be restored: the first reason.</summary>
    public string? Failure { get; set; }

    /// <summary>Held while the file is written to or finished.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The name that it grows under; null before it was begun and after it was finished.</summary>
    public string? Temporary { get; set; }

    /// <summary>Open between writes, unless too many are.</summary>
    public SafeFileHandle? Handle { get; set; }

    /// <summary>Where what exists under its name would be moved, in a dry run; null when nothing would be.</summary>
    public string? Predict(RestoreContext context)
    {
        if (Standing is not { } standing) return null;
        using var lease = context.Folders.Use(Folder);
        return context.Placement.Predict(lease.Folder, Name, standing.Type);
    }
}
