namespace Holdfast.Engine.Problems;

/// <summary>Problems of files and certificates.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind FilesMissing = Kind("HF-FILES-MISSING", "A path of the profile is not there.",
        "Correct the path, or mark it 'optional: true' when it may be absent.", ExitCode.Incomplete);
    public static readonly ProblemKind FilesUnreadable = Kind("HF-FILES-UNREADABLE", "A file could not be read, so it is not in the recovery point.",
        "Run as a user that may read it, or exclude it.", ExitCode.Incomplete);
    public static readonly ProblemKind FilesChanged = Kind("HF-FILES-CHANGED", "A file changed each time it was read; the last reading is in the recovery point.",
        "Exclude it when it is a log, or take the point while its program stands still.", ExitCode.Success);
    public static readonly ProblemKind FilesDatabase = Kind("HF-FILES-DATABASE", "A directory of the profile is the data directory of a database: a copy of it while it runs is worthless.",
        "Take it out of 'files', and capture the database by its own component.", ExitCode.Incomplete);
    public static readonly ProblemKind FilesLink = Kind("HF-FILES-LINK", "A symbolic link that leads out of the selection was not followed.",
        "Name its target under 'files' in the profile if it is meant, or let only root write to the link and the folders above it.", ExitCode.Incomplete);
    public static readonly ProblemKind FilesMount = Kind("HF-FILES-MOUNT", "A file system that a user has mounted in a captured folder was left out.",
        "Exclude the path; or name it in 'files' if it must be captured, and mount it with 'allow_root'.", ExitCode.Success);
    public static readonly ProblemKind FilesElsewhere = Kind("HF-FILES-ELSEWHERE", "The profile leaves data to a component that it does not have.",
        "Add that component to the profile, or make sure that the data can be built anew after a restore.", ExitCode.Success);
    public static readonly ProblemKind CertificateExpiring = Kind("HF-CERT-EXPIRING", "A certificate ends soon.",
        "Renew it, then take another recovery point.", ExitCode.Success);
    public static readonly ProblemKind CertificateExpired = Kind("HF-CERT-EXPIRED", "A certificate has ended.",
        "Renew it, then take another recovery point.", ExitCode.Success);
    public static readonly ProblemKind CertificateUnreadable = Kind("HF-CERT-UNREADABLE", "A configuration names a certificate or key that is not there or cannot be read.",
        "Correct the configuration, or the file's owner and mode.", ExitCode.Success);
    public static readonly ProblemKind CertificateKeyExposed = Kind("HF-CERT-KEY-EXPOSED", "The mode of a private key lets every user read it.",
        "Take the right away (chmod 640), and renew the key when others may have read it.", ExitCode.Success);
    public static readonly ProblemKind CertificateKeyMismatch = Kind("HF-CERT-KEY-MISMATCH", "A private key belongs to none of the certificates that are configured with it.",
        "Check which of the two was renewed without the other: the program will not start with this pair.", ExitCode.Success);
}
