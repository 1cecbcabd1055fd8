using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// A folder that is being restored, or that lies on the way to something that is. It is made when the first thing below it needs it.
/// </summary>
internal sealed class RestoreFolder(string path, Node? node, RestoreFolder? parent, bool isWanted)
{
    /// <summary>The path on disk; "" for the root of the file system, so that names can be added after a slash.</summary>
    public string Path { get; } = path;

    /// <summary>The folder in the snapshot; null for the target itself, whose metadata is the user's.</summary>
    public Node? Node { get; } = node;

    public RestoreFolder? Parent { get; } = parent;

    /// <summary>False for a folder that is only on the way: when it exists, its metadata stays.</summary>
    public bool IsWanted { get; } = isWanted;

    /// <summary>It stands on disk (or would, in a dry run).</summary>
    public bool IsReady { get; set; }

    /// <summary>This restore made it, so that nothing can stand in it yet.</summary>
    public bool IsFresh { get; set; }

    /// <summary>Why it could not be made; then nothing below it can be restored.</summary>
    public string? Failure { get; set; }

    /// <summary>Where it puts what stood in its place.</summary>
    public string? Aside { get; set; }
}
