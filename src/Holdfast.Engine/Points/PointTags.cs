using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Points;

/// <summary>
/// The tags that recovery points carry as snapshots: "holdfast", "platform=NAME", and where they apply "incomplete"
/// (something requested is missing) and "partial" (made with --only). A list of points therefore needs no manifest.
/// </summary>
public static class PointTags
{
    private const string Holdfast = "holdfast", Platform = "platform=", Incomplete = "incomplete", Partial = "partial";
    private const string Wal = "wal", Messages = "queues";

    public static IReadOnlyList<string> Of(Manifest manifest, bool isPartial)
    {
        var tags = new List<string> { Holdfast, Platform + manifest.Platform };
        if (manifest.Components.Any(component => !component.Complete)) tags.Add(Incomplete);
        if (isPartial) tags.Add(Partial);
        return tags;
    }

    /// <summary>False for a snapshot that another program made.</summary>
    public static bool IsPoint(Snapshot snapshot) => snapshot.Tags.Contains(Holdfast, StringComparer.Ordinal) && PlatformOf(snapshot) is not null;

    /// <summary>True for a snapshot of archived WAL.</summary>
    public static bool IsWal(Snapshot snapshot) => !IsPoint(snapshot) && PlatformOf(snapshot) is not null && snapshot.Tags.Contains(Wal, StringComparer.Ordinal);

    /// <summary>True for an archive of messages.</summary>
    public static bool IsMessages(Snapshot snapshot) =>
        !IsPoint(snapshot) && PlatformOf(snapshot) is not null && snapshot.Tags.Contains(Messages, StringComparer.Ordinal);

    /// <summary>The platform of a recovery point, of archived WAL, or of an archive of messages.</summary>
    public static string? PlatformOf(Snapshot snapshot) =>
        snapshot.Tags.FirstOrDefault(tag => tag.StartsWith(Platform, StringComparison.Ordinal))?[Platform.Length..];

    /// <summary>True when the point has everything that the profile names.</summary>
    public static bool IsWhole(Snapshot point) => !IsIncomplete(point) && !IsPartial(point);

    public static bool IsIncomplete(Snapshot point) => point.Tags.Contains(Incomplete, StringComparer.Ordinal);

    public static bool IsPartial(Snapshot point) => point.Tags.Contains(Partial, StringComparer.Ordinal);
}
