using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// How much a copy of a cluster reads at most. The owner of a data directory can give one file any number of names, and
/// parts of files to others without a byte on
/// the disk: read name by name that is more than any disk holds. May be used from several threads.
/// </summary>
/// <param name="cluster">The name of the cluster.</param>
/// <param name="most">Bytes.</param>
internal sealed class ReadBudget(string cluster, long most)
{
    private long _spent;

    /// <summary>
    /// Twice the size of the databases and of all that the file systems hold that the cluster lies on: honest files are
    /// far below.
    /// </summary>
    public static ReadBudget Of(string cluster, ClusterFacts facts)
    {
        var places = facts.Tablespaces.Select(tablespace => tablespace.Path).Where(Path.IsPathRooted)
            .Append(facts.DataDirectory).Append($"{facts.DataDirectory}/pg_wal");
        var held = places.Where(Path.Exists).Select(FileSystemSpace.Of).Distinct().Sum(space => space.Total - space.Free);
        return new ReadBudget(cluster, 2 * (facts.Size + held));
    }

    /// <summary>Counts what was read.</summary>
    /// <exception cref="ProblemException">It is more than the files can hold.</exception>
    public void Spend(int bytes)
    {
        if (Interlocked.Add(ref _spent, bytes) <= most) return;
        throw Catalogue.PostgresFiles.Throwable(
            $"The files of {cluster} have more than {ByteSize.Describe(most)}, twice what its databases and file systems hold: some have many names, or share what is on the disk.",
            "Find out who has made them, for example with 'find -links +1' in the data directory, and delete them.");
    }
}
