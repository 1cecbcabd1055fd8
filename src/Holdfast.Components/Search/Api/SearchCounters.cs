namespace Holdfast.Components.Search.Api;

/// <summary>
/// What indices have done since their nodes started, by name: writes (indexed and deleted documents, those in the making with them) and
/// searches. Indices whose names begin with a dot, but for those of data streams, are the cluster's and its tools' own, which never rest, and are left out.
/// </summary>
internal sealed record SearchCounters(IReadOnlyDictionary<string, long> Writes, IReadOnlyDictionary<string, long> Searches, long OpenContexts)
{
    /// <summary>The indices whose counter is another one, up or down (a node that started anew counts from 0), and by how much.</summary>
    public static IReadOnlyList<string> Moved(IReadOnlyDictionary<string, long> before, IReadOnlyDictionary<string, long> after) =>
    [
        .. after.Where(now => now.Value != before.GetValueOrDefault(now.Key)).Select(now => $"{now.Key} ({Math.Abs(now.Value - before.GetValueOrDefault(now.Key))})"),
        .. before.Keys.Where(index => !after.ContainsKey(index)).Select(index => $"{index} (deleted)"),
    ];
}

/// <summary>"green", "yellow" or "red", the nodes that are there, and the shards that are on none.</summary>
internal sealed record SearchHealth(string Status, int Nodes, int Unassigned);

/// <summary>The write pools of all nodes.</summary>
internal sealed record SearchWriters(int Active, int Queued);
