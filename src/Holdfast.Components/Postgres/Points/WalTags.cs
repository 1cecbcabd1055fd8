using System.Globalization;
using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Points;

/// <summary>
/// The tags of a snapshot that holds WAL: "wal", "platform=NAME", "cluster=NAME", and what all of its segments have in
/// common: "system=IDENTIFIER" and "segment-size=BYTES". So a list of snapshots shows which cluster's WAL each one
/// holds. A snapshot of a segment that was still being written when it was received has the tag "streamed".
/// </summary>
internal static class WalTags
{
    private const string Wal = "wal", Platform = "platform=", Cluster = "cluster=", System = "system=", SegmentSize = "segment-size=", Streamed = "streamed";

    public static IReadOnlyList<string> Of(string platform, string cluster, WalIdentity? identity, bool isStreamed = false) =>
    [
        Wal, Platform + platform, Cluster + cluster, .. isStreamed ? (string[])[Streamed] : [],
        .. identity is null ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"{System}{identity.System}"), string.Create(CultureInfo.InvariantCulture, $"{SegmentSize}{identity.SegmentSize}")],
    ];

    public static bool AreOf(Snapshot snapshot, string platform, string cluster) =>
        snapshot.Tags.Contains(Wal, StringComparer.Ordinal) && Value(snapshot, Platform) == platform && Value(snapshot, Cluster) == cluster;

    /// <summary>The cluster whose WAL the snapshot holds; null when it holds none of the platform.</summary>
    public static string? ClusterOf(Snapshot snapshot, string platform) =>
        Value(snapshot, Cluster) is { } cluster && AreOf(snapshot, platform, cluster) ? cluster : null;

    public static WalIdentity? IdentityOf(Snapshot snapshot) =>
        ulong.TryParse(Value(snapshot, System), NumberStyles.None, CultureInfo.InvariantCulture, out var system)
        && int.TryParse(Value(snapshot, SegmentSize), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && WalSegment.IsSize(size)
            ? new WalIdentity(system, size)
            : null;

    public static bool IsStreamed(Snapshot snapshot) => snapshot.Tags.Contains(Wal, StringComparer.Ordinal) && snapshot.Tags.Contains(Streamed, StringComparer.Ordinal);

    /// <summary>The files that a WAL snapshot lists in its paths; null when its tree must be read.</summary>
    public static IReadOnlyList<string>? NamedFiles(Snapshot snapshot, string cluster)
    {
        if (!snapshot.Tags.Contains(Wal, StringComparer.Ordinal) || snapshot.Paths.Count == 0) return null;
        var names = new List<string>(snapshot.Paths.Count);
        foreach (var path in snapshot.Paths)
        {
            if (WalFile.Find(path[(path.LastIndexOf('/') + 1)..]) is not { } file || WalPath.Of(cluster, file) != path) return null;
            names.Add(file.Name);
        }
        return names;
    }

    private static string? Value(Snapshot snapshot, string tag) => snapshot.Tags.FirstOrDefault(one => one.StartsWith(tag, StringComparison.Ordinal))?[tag.Length..];
}

/// <summary>
/// The system identifier of the cluster that a WAL belongs to, and its segment size in bytes: neither ever changes for
/// one cluster.
/// </summary>
internal sealed record WalIdentity(ulong System, int SegmentSize);
