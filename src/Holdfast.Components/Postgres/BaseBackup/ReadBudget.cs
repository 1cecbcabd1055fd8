using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// Limits how much a copy of a cluster reads. The owner of a data directory can give one file any number of names, and
/// let files share extents without using space on the disk: reading each name can exceed any disk. May be used from
/// several threads.
/// </summary>
/// <param name="cluster">The name of the cluster.</param>
/// <param name="most">The limit in bytes.</param>
internal sealed class ReadBudget(string cluster, long most)
{
    private long _spent;

    /// <summary>
    /// Twice the size of the databases and of the used space of the cluster's file systems: ordinary files are far
    /// below this limit.
    /// </summary>
    public static ReadBudget Of(string cluster, ClusterFacts facts)
    {
        var places = facts.Tablespaces.Select(tablespace => tablespace.Path).Where(Path.IsPathRooted)
            .Append(facts.DataDirectory).Append($"{facts.DataDirectory}/pg_wal");
        var held = places.Where(Path.Exists).Select(FileSystemSpace.Of).Distinct().Sum(space => space.Total - space.Free);
        return new ReadBudget(cluster, 2 * (facts.Size + held));
    }

    /// <summary>Counts bytes that were read.</summary>
    /// <exception cref="ProblemException">More was read than the files can hold.</exception>
    public void Spend(int bytes)
    {
        if (Interlocked.Add(ref _spent, bytes) <= most) return;
        throw Catalogue.PostgresFiles.Throwable(
            $"The files of {cluster} have more than {ByteSize.Describe(most)}, twice what its databases and file systems hold: some have many names, or share what is on the disk.",
            "Find out who has made them, for example with 'find -links +1' in the data directory, and delete them.");
    }
}
