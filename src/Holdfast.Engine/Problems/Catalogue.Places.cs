namespace Holdfast.Engine.Problems;

/// <summary>Problems of the directories that a repository and a profile are written to.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind RepositoryOccupied = Kind("HF-REPO-OCCUPIED", "The directory holds other files, so no repository is made in it.",
        "Name a directory that is empty or does not exist yet.", ExitCode.InTheWay);
    public static readonly ProblemKind RepositoryUnreadable = Kind("HF-REPO-UNREADABLE", "This user may not read the repository.",
        "Run as root, or as the user that the repository belongs to.", ExitCode.Failure);
    public static readonly ProblemKind RepositoryCaptured = Kind("HF-REPO-CAPTURED", "The repository lies in a directory that is captured, so each backup also captures the repository.",
        "Name the repository under 'files: exclude:' in the profile, or move it to another directory, best on another disk.", ExitCode.Success);
    public static readonly ProblemKind ProfileUnwritable = Kind("HF-PROFILE-UNWRITABLE", "A profile cannot be written to its place.",
        "Run as root, or name with --output a file in a directory that this user may write.", ExitCode.InTheWay);
}
