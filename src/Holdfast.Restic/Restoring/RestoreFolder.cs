using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// A directory that is being restored, or that is a parent of one. It is created when the first entry below it needs
/// it.
/// </summary>
internal sealed class RestoreFolder(string path, Node? node, RestoreFolder? parent, bool isWanted)
{
    /// <summary>
    /// The path on disk, for messages; "" for the root of the file system, so that names can be appended after a slash.
    /// </summary>
    public string Path { get; } = path;

    /// <summary>Its name in <see cref="Parent"/>.</summary>
    public string Name => Node?.Name ?? "";

    /// <summary>The directory in the snapshot; null for the target itself, whose metadata is not restored.</summary>
    public Node? Node { get; } = node;

    public RestoreFolder? Parent { get; } = parent;

    /// <summary>False for a directory that is only a parent: if it exists, its metadata is not changed.</summary>
    public bool IsWanted { get; } = isWanted;

    /// <summary>
    /// True when its metadata is not taken from the snapshot: see <see cref="RestoreOptions.IsForeign"/>.
    /// </summary>
    public bool IsForeign { get; init; }

    /// <summary>True when it exists on disk (or would, in a dry run).</summary>
    public bool IsReady { get; set; }

    /// <summary>True when this restore created it, so that it is known to be empty.</summary>
    public bool IsFresh { get; set; }

    /// <summary>The identity of the directory; known since it was first opened.</summary>
    public FileIdentity Identity { get; set; }

    /// <summary>
    /// True when only root and the running user can rename their entries in it and in every directory above it.
    /// </summary>
    public bool IsTrusted { get; set; }

    /// <summary>True when its name is a symbolic link to it.</summary>
    public bool IsLinked { get; set; }

    /// <summary>Why it could not be created; then nothing below it can be restored.</summary>
    public string? Failure { get; set; }

    /// <summary>Where the entry that it replaced was moved.</summary>
    public string? Aside { get; set; }
}
