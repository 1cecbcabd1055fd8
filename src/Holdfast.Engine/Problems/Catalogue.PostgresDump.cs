namespace Holdfast.Engine.Problems;

/// <summary>Problems of PostgreSQL, beside those of the first part.</summary>
public static partial class Catalogue
{
    public static readonly ProblemKind PostgresMember = Kind(
        "HF-PG-MEMBER",
        "A table with rows was added to an extension, so pg_dump leaves it out of the recovery point.",
        "Take it out of the extension (ALTER EXTENSION ... DROP TABLE ...), or capture the cluster with 'method: base'.",
        ExitCode.Incomplete);
}
