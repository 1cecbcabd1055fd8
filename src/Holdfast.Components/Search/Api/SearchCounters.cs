namespace Holdfast.Components.Search.Api;

/// <summary>
/// Counters of indices since their nodes started, by name: writes (indexed and deleted documents, including those in
/// progress) and searches. Indices whose names begin with a dot, except those of data streams, belong to the cluster
/// and its tools, are always active, and are left out.
/// </summary>
internal sealed record SearchCounters(IReadOnlyDictionary<string, long> Writes, IReadOnlyDictionary<string, long> Searches, long OpenContexts)
{
    /// <summary>
    /// The indices whose counter has changed, and by how much. It may be lower: a node counts from 0 after a restart.
    /// </summary>
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
