namespace Holdfast.Engine.Problems;

/// <summary>Problems of the directory that a repository is in.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind RepositoryOccupied = Kind("HF-REPO-OCCUPIED", "The directory holds other files, so no repository is made in it.",
        "Name a directory that is empty or does not exist yet.", ExitCode.InTheWay);
    public static readonly ProblemKind RepositoryCaptured = Kind("HF-REPO-CAPTURED", "The repository lies in a directory that is captured, so each backup also captures the repository.",
        "Name the repository under 'files: exclude:' in the profile, or move it to another directory, best on another disk.", ExitCode.Success);
}
