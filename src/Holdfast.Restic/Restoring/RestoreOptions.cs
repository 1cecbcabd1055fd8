using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>What happens to a file that stands where one is to be restored.</summary>
public enum ExistingFiles
{
    /// <summary>It is renamed, with <see cref="RestoreOptions.AsideSuffix"/> in its new name, unless it is the same already.</summary>
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

    /// <summary>Patterns as well: what fits none of them is left out, whatever is included; nothing means all.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>
    /// True for a folder (its path from the restored root) that only leads to what was archived. Where one is missing it is made as it
    /// was; where one stands, it is left alone. None by default.
    /// </summary>
    public Func<string, bool>? IsOnTheWay { get; init; }

    /// <summary>
    /// True for a folder (its path from the restored root) on which the snapshot has no say: where one stands, it is left alone; where one is missing
    /// it is made for the running user, with mode 0755 at most. None by default.
    /// </summary>
    public Func<string, bool>? IsForeign { get; init; }

    /// <summary>True for a file (its path from the restored root) that the caller has dealt with: it is left alone. None by default.</summary>
    public Func<string, bool>? IsThere { get; init; }

    /// <summary>Only says what would be done.</summary>
    public bool DryRun { get; init; }

    public ExistingFiles Existing { get; init; } = ExistingFiles.MoveAside;

    /// <summary>
    /// Takes a file of the same size and modify time for the same content, as restic and rsync do. False by default: its content is compared, for
    /// what an intruder has changed may look so.
    /// </summary>
    public bool TrustTimes { get; init; }

    /// <summary>Gives files to the numbers of their users and groups in the snapshot. False by default: to who has the same name here, if anybody has.</summary>
    public bool NumericOwner { get; init; }

    /// <summary>Gives everything to one user and group of this machine, whoever had it in the snapshot. Null by default.</summary>
    public (uint User, uint Group)? Owner { get; init; }

    /// <summary>
    /// Restores nothing that gives more rights than a mode shows: no set-id bits, no device nodes, no ACLs, and of the attributes only those of
    /// the namespace "user." (so no file capabilities). False by default.
    /// </summary>
    public bool PlainModes { get; init; }

    /// <summary>True for a target that belongs to another user, as a server's data directory. False by default: it is refused.</summary>
    public bool ForeignTarget { get; init; }

    /// <summary>The directory that the target lies in: from there on no link leads to it, not even root's. Null by default: links that root alone could have made are followed.</summary>
    public string? Below { get; init; }

    /// <summary>The target itself, opened by the caller, whose it stays: its path is then only shown. Null by default: the path is opened, and made.</summary>
    public SafeFileHandle? Into { get; init; }

    /// <summary>Makes what was restored survive a power cut before the restore ends. True by default.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Stands in the name of what is moved aside, ".NAME.before-20261122T210400Z~", say.</summary>
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
public sealed record RestoreReport(long Files, long Directories, long Others, long Bytes, long Kept, IReadOnlyList<RestoredNode> MovedAside, IReadOnlyList<RestoredNode> Failures)
{
    /// <summary>Of <see cref="Kept"/> the files.</summary>
    public long KeptFiles { get; init; }

    /// <summary>Of <see cref="Kept"/> the directories.</summary>
    public long KeptDirectories { get; init; }

    /// <summary>Device nodes that were left out, by <see cref="RestoreOptions.PlainModes"/>.</summary>
    public long LeftOut { get; init; }

    /// <summary>Files and folders that were restored without set-id bits, ACLs or attributes that they had, by <see cref="RestoreOptions.PlainModes"/>.</summary>
    public long Reduced { get; init; }

    /// <summary>Folders that were made without the owner and mode that they have in the snapshot, by <see cref="RestoreOptions.IsForeign"/>.</summary>
    public IReadOnlyList<string> Foreign { get; init; } = [];
}
