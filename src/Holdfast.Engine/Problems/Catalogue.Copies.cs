namespace Holdfast.Engine.Problems;

/// <summary>Problems of copies of a repository.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind CopyUnset = Kind("HF-COPY-UNSET", "Nothing says where the repository is to be copied to, or what opens the copy.",
        "Name it with --to and --to-password-file, or under 'copies' in the profile.", ExitCode.Usage);
    public static readonly ProblemKind CopyMissing = Kind("HF-COPY-MISSING", "There is no repository to copy to at the place.",
        "Verify that its disk or share is mounted. Where there has never been one, 'holdfast repo copy --init' makes it so that it cuts files as the source does.", ExitCode.NoRepository);
    public static readonly ProblemKind CopySame = Kind("HF-COPY-SAME", "The place to copy to is the repository itself, or a mirror of it with the same keys.",
        "Name another place; 'holdfast repo copy --init' makes a repository there.", ExitCode.Usage);
    public static readonly ProblemKind CopyDamaged = Kind("HF-COPY-DAMAGED", "Something was not copied or mirrored, because the repository has lost it, or a part of it.",
        "All else was. See 'holdfast repo check --read-data' for what is lost, and look at the disk; a copy of an earlier time may have it.", ExitCode.Incomplete);
    public static readonly ProblemKind CopyUnverified = Kind("HF-COPY-UNVERIFIED", "What was copied could not be read back from the copy, so the snapshot is not there.",
        "Run 'holdfast repo check --read-data' on the copy and look at its disk. When a pack is damaged, move it away, let the stock 'restic rebuild-index' take it out of the index, and copy again.", ExitCode.Damaged);
    public static readonly ProblemKind CopyFailed = Kind("HF-COPY-FAILED", "The recovery point was taken, but a copy of the repository was not brought up to date.",
        "See the message for why. 'holdfast repo copy' makes it up; what was copied already is not copied again.", ExitCode.Incomplete);
}
