using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// A folder that is being restored, or that lies on the way to something that is. It is made when the first thing below it needs it.
/// </summary>
internal sealed class RestoreFolder(string path, Node? node, RestoreFolder? parent, bool isWanted)
{
    /// <summary>The path on disk, for messages; "" for the root of the file system, so that names can be added after a slash.</summary>
    public string Path { get; } = path;

    /// <summary>Its name in <see cref="Parent"/>.</summary>
    public string Name => Node?.Name ?? "";

    /// <summary>The folder in the snapshot; null for the target itself, whose metadata is the user's.</summary>
    public Node? Node { get; } = node;

    public RestoreFolder? Parent { get; } = parent;

    /// <summary>False for a folder that is only on the way: when it exists, its metadata stays.</summary>
    public bool IsWanted { get; } = isWanted;

    /// <summary>The snapshot has no say on it: see <see cref="RestoreOptions.IsForeign"/>.</summary>
    public bool IsForeign { get; init; }

    /// <summary>It exists on disk (or would, in a dry run).</summary>
    public bool IsReady { get; set; }

    /// <summary>This restore made it, so that nothing can be in it yet.</summary>
    public bool IsFresh { get; set; }

    /// <summary>Which folder it is; known since it was opened first.</summary>
    public FileIdentity Identity { get; set; }

    /// <summary>Only root and the running user can rename what these two own in it and in every folder above it.</summary>
    public bool IsTrusted { get; set; }

    /// <summary>A symlink is in its place, which leads to it.</summary>
    public bool IsLinked { get; set; }

    /// <summary>Why it could not be made; then nothing below it can be restored.</summary>
    public string? Failure { get; set; }

    /// <summary>Where it puts what was in its place.</summary>
    public string? Aside { get; set; }
}
