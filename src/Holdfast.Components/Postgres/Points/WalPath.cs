using Holdfast.Components.Postgres.Format;

namespace Holdfast.Components.Postgres.Points;

/// <summary>
/// The paths of WAL in a snapshot: below "/postgres/&lt;cluster&gt;/wal" one folder for each timeline and log, so that
/// the tree of a full folder (256 segments of 16 MiB) never changes again; history files are beside the folders.
/// </summary>
internal static class WalPath
{
    /// <summary>The path of the folder of a cluster's WAL.</summary>
    public static string Folder(string cluster) => $"{DumpPath.Cluster(cluster)}/wal";

    /// <summary>The path of a WAL file by its name.</summary>
    public static string Of(string cluster, WalFile file) =>
        file.Kind == WalFileKind.History ? $"{Folder(cluster)}/{file.Name}" : $"{Folder(cluster)}/{file.Name[..16]}/{file.Name}";

    /// <summary>The path of a segment.</summary>
    public static string Of(string cluster, WalSegment segment) => $"{Folder(cluster)}/{segment.Name[..16]}/{segment.Name}";
}
