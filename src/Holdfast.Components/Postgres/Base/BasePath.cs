namespace Holdfast.Components.Postgres.Base;

/// <summary>Where the files of a cluster stand in a recovery point.</summary>
internal static class BasePath
{
    /// <summary>What the restore must know: <see cref="BaseRecord"/>.</summary>
    public static string Record(string cluster) => $"{DumpPath.Cluster(cluster)}/base.json";

    /// <summary>The data directory.</summary>
    public static string Data(string cluster) => $"{DumpPath.Cluster(cluster)}/base";

    /// <summary>A tablespace by its oid, as "pg_tblspc" names it.</summary>
    public static string Tablespace(string cluster, uint oid) => $"{DumpPath.Cluster(cluster)}/tablespaces/{oid}";
}
