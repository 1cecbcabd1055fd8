using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;

namespace Holdfast.Components.Postgres.Points;

/// <summary>Where the files of a cluster stand in a recovery point.</summary>
internal static class BasePath
{
    /// <summary>What the restore must know: <see cref="BaseRecord"/>.</summary>
    public static string Record(string cluster) => $"{DumpPath.Cluster(cluster)}/base.json";

    /// <summary>The data directory.</summary>
    public static string Data(string cluster) => $"{DumpPath.Cluster(cluster)}/base";

    /// <summary>The WAL of a server that was down, where it lies outside of the data directory.</summary>
    public static string Log(string cluster) => $"{DumpPath.Cluster(cluster)}/{BaseExclusions.Log}";

    /// <summary>Beside each large relation, under its path in the data directory: its map, and the pages that have changed since it was stored whole.</summary>
    public static string Pages(string cluster) => $"{DumpPath.Cluster(cluster)}/pages";

    /// <summary>Ends the name of a <see cref="PageMap"/>, of a <see cref="PageList"/>, and of the pages themselves.</summary>
    public const string MapEnding = ".map", ListEnding = ".list", DeltaEnding = ".delta";

    /// <summary>What a server said that it sent, for pg_verifybackup; only of a copy that was received.</summary>
    public static string Manifest(string cluster) => $"{DumpPath.Cluster(cluster)}/backup_manifest";

    /// <summary>A tablespace by its oid, as "pg_tblspc" names it.</summary>
    public static string Tablespace(string cluster, uint oid) => $"{DumpPath.Cluster(cluster)}/tablespaces/{oid}";
}
