using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;

namespace Holdfast.Components.Postgres.Points;

/// <summary>The paths of a cluster's files in a recovery point.</summary>
internal static class BasePath
{
    /// <summary>The path of the <see cref="BaseRecord"/>, which the restore needs.</summary>
    public static string Record(string cluster) => $"{DumpPath.Cluster(cluster)}/base.json";

    /// <summary>The path of the data directory.</summary>
    public static string Data(string cluster) => $"{DumpPath.Cluster(cluster)}/base";

    /// <summary>The path of the WAL of a stopped server, when it is outside of the data directory.</summary>
    public static string Log(string cluster) => $"{DumpPath.Cluster(cluster)}/{BaseExclusions.Log}";

    /// <summary>
    /// The path of the folder with, for each large relation, its page map and the pages that have changed since it was
    /// stored whole, under the relation's path in the data directory.
    /// </summary>
    public static string Pages(string cluster) => $"{DumpPath.Cluster(cluster)}/pages";

    /// <summary>
    /// The suffixes of a <see cref="PageMap"/>, of a <see cref="PageList"/>, and of the pages themselves.
    /// </summary>
    public const string MapEnding = ".map", ListEnding = ".list", DeltaEnding = ".delta";

    /// <summary>
    /// The path of the server's backup manifest, for pg_verifybackup; only in a copy that was received over the
    /// replication protocol.
    /// </summary>
    public static string Manifest(string cluster) => $"{DumpPath.Cluster(cluster)}/backup_manifest";

    /// <summary>The path of a tablespace by its OID, as in "pg_tblspc".</summary>
    public static string Tablespace(string cluster, uint oid) => $"{DumpPath.Cluster(cluster)}/tablespaces/{oid}";
}
