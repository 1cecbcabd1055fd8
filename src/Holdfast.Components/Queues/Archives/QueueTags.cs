using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The tags of archives of messages: "queues" and "platform=NAME". Archives are not recovery points.</summary>
internal static class QueueTags
{
    private const string Queues = "queues", Platform = "platform=";

    public static IReadOnlyList<string> Of(string platform) => [Queues, Platform + platform];

    public static bool IsArchive(Snapshot snapshot, string platform) =>
        snapshot.Tags.Contains(Queues, StringComparer.Ordinal) && snapshot.Tags.Contains(Platform + platform, StringComparer.Ordinal);
}
