using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>A database has more tables than there are locks left for its snapshot: the cause of a problem.</summary>
/// <param name="locks">The number of locks that the snapshot needs.</param>
internal sealed class TooManyTablesException(long locks) : Exception("There are too many tables.")
{
    /// <summary>The number of locks that the snapshot needs.</summary>
    public long Locks => locks;

    /// <summary>Creates the problem, with this exception as its cause.</summary>
    public static ProblemException Of(string database, long locks) => Catalogue.PostgresMemory.Throwable(
        $"The {locks} tables of database \"{database}\" are more than the server has locks for beside those of the other"
            + " databases (max_locks_per_transaction).",
        new TooManyTablesException(locks));
}
