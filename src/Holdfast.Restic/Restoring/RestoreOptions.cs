using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>What happens to an existing file in the place of a restored one.</summary>
public enum ExistingFiles
{
    /// <summary>
    /// It is renamed, with <see cref="RestoreOptions.AsideSuffix"/> in its new name, unless it is already identical.
    /// </summary>
    MoveAside,

    /// <summary>It is replaced, in one rename.</summary>
    Overwrite,
}

/// <summary>Options of a restore.</summary>
public sealed record RestoreOptions
{
    /// <summary>Patterns (as restic's: * ? [] **, relative to the restored root); empty selects everything.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>
    /// Further patterns: what matches none of them is left out, whatever is included; empty selects everything.
    /// </summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>
    /// Returns true for a directory (its path from the restored root) that is only a parent of what was archived. A
    /// missing one is created as it was; an existing one is not changed. None by default.
    /// </summary>
    public Func<string, bool>? IsOnTheWay { get; init; }

    /// <summary>
    /// Returns true for a directory (its path from the restored root) whose metadata is not taken from the snapshot: an
    /// existing one is not changed; a missing one is created for the running user, with mode 0755 at most. None by
    /// default.
    /// </summary>
    public Func<string, bool>? IsForeign { get; init; }

    /// <summary>
    /// Returns true for a file (its path from the restored root) that the caller handles: it is not changed. None by
    /// default.
    /// </summary>
    public Func<string, bool>? IsThere { get; init; }

    /// <summary>True to report only what would be done.</summary>
    public bool DryRun { get; init; }

    public ExistingFiles Existing { get; init; } = ExistingFiles.MoveAside;

    /// <summary>
    /// True to treat a file of the same size and modification time as identical, as restic and rsync do. False by
    /// default: its content is compared, because a file changed by an intruder may have the old size and time.
    /// </summary>
    public bool TrustTimes { get; init; }

    /// <summary>
    /// True to give files to the numeric owners in the snapshot. False by default: to the user of the same name on this
    /// machine, if there is one.
    /// </summary>
    public bool NumericOwner { get; init; }

    /// <summary>
    /// Gives everything to one user and group of this machine, regardless of the owners in the snapshot. Null by
    /// default.
    /// </summary>
    public (uint User, uint Group)? Owner { get; init; }

    /// <summary>
    /// True to restore nothing that grants privileges: no set-id bits, no device nodes, no ACLs, and only attributes of
    /// the namespace "user." (so no file capabilities). False by default.
    /// </summary>
    public bool PlainModes { get; init; }

    /// <summary>
    /// True for a target that belongs to another user, such as a server's data directory. False by default: it is
    /// refused.
    /// </summary>
    public bool ForeignTarget { get; init; }

    /// <summary>
    /// The directory that contains the target: below it no link is followed to the target, not even root's. Null by
    /// default: links that root alone could have created are followed.
    /// </summary>
    public string? Below { get; init; }

    /// <summary>
    /// The target itself, opened by the caller, which keeps ownership: its path is then used only for messages. Null by
    /// default: the path is opened, and created if missing.
    /// </summary>
    public SafeFileHandle? Into { get; init; }

    /// <summary>True to make restored files survive a power failure before the restore ends. True by default.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>
    /// Part of the names of files that are moved aside, for example ".NAME.before-20261122T210400Z~".
    /// </summary>
    public string AsideSuffix { get; init; } = ".holdfast-aside";

    public RestoreCounters Counters { get; init; } = new();

    /// <summary>Called for every node that was restored, kept, moved aside or failed. May be called from several threads.</summary>
    public Action<RestoredNode>? OnNode { get; init; }
}

/// <summary>Progress counters of one restore, updated by hot loops and sampled for display.</summary>
public sealed class RestoreCounters
{
    public long BytesTotal;
    public long BytesWritten;
    public long FilesTotal;
    public long FilesDone;
}

/// <summary>The result for a node.</summary>
public enum RestoreOutcome
{
    Restored,

    /// <summary>The same content and metadata already existed.</summary>
    Kept,

    /// <summary>Restored; the file that existed there is now at <see cref="RestoredNode.Aside"/>.</summary>
    MovedAside,
    Failed,
}

/// <summary>One restored node: the path on disk, and the result.</summary>
public sealed record RestoredNode(string Path, NodeType Type, RestoreOutcome Outcome, string? Aside = null, string? Error = null);

/// <summary>
/// The counts of a restore: nodes that are now in place, including those that were kept, and bytes of content written.
/// Failures are listed, each with its path; the rest was restored.
/// </summary>
public sealed record RestoreReport(long Files, long Directories, long Others, long Bytes, long Kept, IReadOnlyList<RestoredNode> MovedAside, IReadOnlyList<RestoredNode> Failures)
{
    /// <summary>The files among <see cref="Kept"/>.</summary>
    public long KeptFiles { get; init; }

    /// <summary>The directories among <see cref="Kept"/>.</summary>
    public long KeptDirectories { get; init; }

    /// <summary>Device nodes that were left out, by <see cref="RestoreOptions.PlainModes"/>.</summary>
    public long LeftOut { get; init; }

    /// <summary>
    /// Files and directories that were restored without their set-id bits, ACLs or attributes, by
    /// <see cref="RestoreOptions.PlainModes"/>.
    /// </summary>
    public long Reduced { get; init; }

    /// <summary>
    /// Directories that were created without their owner and mode in the snapshot, by
    /// <see cref="RestoreOptions.IsForeign"/>.
    /// </summary>
    public IReadOnlyList<string> Foreign { get; init; } = [];
}
