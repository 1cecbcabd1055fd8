using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>What happens to a file that stands where one is to be restored.</summary>
public enum ExistingFiles
{
    /// <summary>It is renamed with <see cref="RestoreOptions.AsideSuffix"/> added, unless it is the same already.</summary>
    MoveAside,

    /// <summary>It is replaced, in one rename.</summary>
    Overwrite,
}

/// <summary>How files are restored.</summary>
public sealed record RestoreOptions
{
    /// <summary>Patterns (as restic's: * ? [] **, relative to the restored root); nothing means all.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>
    /// True for a folder (its path from the restored root) that only leads to what was archived. Where one is missing it is made as it
    /// was; where one stands, it is left alone. None by default.
    /// </summary>
    public Func<string, bool>? IsOnTheWay { get; init; }

    /// <summary>True for a file (its path from the restored root) that the caller has dealt with: it is left alone. None by default.</summary>
    public Func<string, bool>? IsThere { get; init; }

    /// <summary>Only says what would be done.</summary>
    public bool DryRun { get; init; }

    public ExistingFiles Existing { get; init; } = ExistingFiles.MoveAside;

    /// <summary>
    /// Compares the content of files that stand there with the same size and modify time, too; false by default, which trusts
    /// these two, as restic and rsync do. When only the times differ the content is compared anyway.
    /// </summary>
    public bool CompareContent { get; init; }

    /// <summary>Added to the name of what is moved aside: ".before-2026-11-22T21-04-00", say.</summary>
    public string AsideSuffix { get; init; } = ".holdfast-aside";

    public RestoreCounters Counters { get; init; } = new();

    /// <summary>Called for every node that was restored, kept, moved aside or failed. May be called from several threads.</summary>
    public Action<RestoredNode>? OnNode { get; init; }
}

/// <summary>Figures of one restore, bumped by hot loops and sampled for progress.</summary>
public sealed class RestoreCounters
{
    public long BytesTotal;
    public long BytesWritten;
    public long FilesTotal;
    public long FilesDone;
}

/// <summary>What became of a node.</summary>
public enum RestoreOutcome
{
    Restored,

    /// <summary>The same content and metadata stood there already.</summary>
    Kept,

    /// <summary>Restored; what stood there is now at <see cref="RestoredNode.Aside"/>.</summary>
    MovedAside,
    Failed,
}

/// <summary>One restored node: the path on disk, and what became of it.</summary>
public sealed record RestoredNode(string Path, NodeType Type, RestoreOutcome Outcome, string? Aside = null, string? Error = null);

/// <summary>
/// The figures of a restore: nodes that are in place now, those that were kept included, and bytes of content put there.
/// Failures are listed, each with its path; the rest was restored.
/// </summary>
public sealed record RestoreReport(long Files, long Directories, long Others, long Bytes, long Kept, IReadOnlyList<RestoredNode> MovedAside, IReadOnlyList<RestoredNode> Failures);
