using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>The undos that the steps of one cluster may register.</summary>
internal sealed class SearchUndos(SearchSettings settings, SearchServer server, TimeProvider clock)
{
    private const string Repository = "repository", Snapshot = "snapshot", Directory = "directory", Inode = "inode", Device = "device", Index = "index", Value = "value", Tombstones = "index.gc_deletes";

    public IReadOnlyList<IUndoHandler> Handlers { get; } =
    [
        new Handler(server.Place, Kind(settings, "delete-snapshot"), (undo, stop) => new SnapshotRepository(server, undo.Arguments[Repository], clock).DeleteAsync(undo.Arguments[Snapshot], stop)),
        new Handler(server.Place, Kind(settings, "take-away"), async (undo, stop) =>
        {
            await new SnapshotRepository(server, undo.Arguments[Repository], clock).UnregisterAsync(stop);
            RemoveCopy(undo.Arguments);
        }),
        new Handler(server.Place, Kind(settings, "move-back"), (undo, stop) => MoveBackAsync(server, clock, MovedAsideIndex.Of(undo.Arguments), stop)),
        new Handler(server.Place, Kind(settings, "remove-lost"), (undo, stop) => RemoveLostAsync(server, undo.Arguments, stop)),
        new Handler(server.Place, Kind(settings, "take-out"), (undo, stop) => TakeOutAsync(server, undo.Arguments, stop)),
        new Handler(server.Place, Kind(settings, "remember-deletions"), async (undo, stop) =>
        {
            var path = $"/{SearchServer.Part(undo.Arguments[Index])}/_settings";
            if (await server.FindAsync(path, stop) is null) return;
            await server.PutAsync(path, new JsonObject { [Tombstones] = undo.Arguments[Value] is { Length: > 0 } value ? value : null }, stop);
        }),
    ];

    /// <summary>Pending from before an index is moved aside until its replacement is complete.</summary>
    public Undo MoveBack(MovedAsideIndex moved) => new(
        Kind(settings, "move-back"), $"Bring the index {moved.Index} of {settings.Name} back, which is {moved.Aside} once it was moved aside, and let it be written again.", moved.Words);

    /// <summary>
    /// Pending while the engine restores: an index with a primary shard that is not allocated makes every later
    /// snapshot fail.
    /// </summary>
    /// <param name="restored">The restored indices, with their creation dates, which a restore keeps; empty when a date
    /// is not known.</param>
    public Undo RemoveLost(IEnumerable<(string Index, string Created)> restored) => new(
        Kind(settings, "remove-lost"), $"Delete indices of {settings.Name} whose restore has begun and that no node can have.",
        restored.ToDictionary(index => index.Index, index => index.Created, StringComparer.Ordinal));

    /// <summary>
    /// Pending from before templates and pipelines are created until the indices that need them are complete. None of
    /// them existed before.
    /// </summary>
    public Undo TakeOut(IReadOnlyList<ClusterPart> parts) => new(
        Kind(settings, "take-out"), $"Delete what a restore has put into {settings.Name}: {string.Join(", ", parts.Select(part => part.Title))}.",
        parts.ToDictionary(part => part.Place, part => part.Title, StringComparer.Ordinal));

    /// <summary>The last first: a template that another one names cannot be deleted before it. Newer engines keep a pipeline that an index names.</summary>
    private static async Task TakeOutAsync(SearchServer server, IReadOnlyDictionary<string, string> parts, CancellationToken cancellation)
    {
        var used = new List<string>();
        foreach (var (place, title) in ClusterPart.InOrder(parts).Reverse())
            try
            {
                await server.DeleteAsync(place, cancellation);
            }
            catch (ProblemException refused) when (ClusterPart.IsPipeline(place) && refused.Problem.Code == Catalogue.SearchRefused.Code)
            {
                used.Add($"{title} ({refused.Problem.Message})");
            }
        if (used.Count > 0) throw Catalogue.UndoLost.Throwable($"What a restore has put back is in use by now and stays: {string.Join(", ", used)}");
    }

    private static async Task RemoveLostAsync(SearchServer server, IReadOnlyDictionary<string, string> restored, CancellationToken cancellation)
    {
        const string created = "index.creation_date";
        var lost = await SearchState.FindLostAsync(server, [.. restored.Keys], cancellation);
        foreach (var names in SearchServer.Parts(lost))
            foreach (var (index, about) in await server.FindAsync($"/{names}/_settings?flat_settings=true&ignore_unavailable=true&expand_wildcards=all", cancellation) as JsonObject ?? [])
            {
                if ((string?)about?["settings"]?[created] is not { } date || date != restored.GetValueOrDefault(index)) continue;
                await IndexBlocks.LiftAsync(server, index, about["settings"], cancellation);
                await server.DeleteAsync($"/{SearchServer.Part(index)}", cancellation);
            }
    }

    /// <summary>
    /// Pending while the engine's memory of deletions in an index is off, so that older versions can be written.
    /// </summary>
    /// <param name="index">The index.</param>
    /// <param name="usual">The previous value of index.gc_deletes; null for the engine's default.</param>
    public Undo RememberDeletions(string index, string? usual) => new(
        Kind(settings, "remember-deletions"), $"Let {settings.Name} remember deletions from the index {index} again.",
        new Dictionary<string, string>(StringComparer.Ordinal) { [Index] = index, [Value] = usual ?? "" });

    /// <summary>Pending while a snapshot is incomplete, or needed only for a short time.</summary>
    public Undo DeleteSnapshot(string snapshot) => new(
        Kind(settings, "delete-snapshot"), $"Delete the snapshot {snapshot} of {settings.Name}.",
        new Dictionary<string, string>(StringComparer.Ordinal) { [Repository] = settings.Repository, [Snapshot] = snapshot });

    /// <summary>
    /// Pending while a copy of a repository to restore from is beside the engine's own; registered before its directory
    /// is created, and again afterwards.
    /// </summary>
    /// <param name="repository">The name of the repository in the engine.</param>
    /// <param name="directory">The path of its directory.</param>
    /// <param name="made">The identity of the directory, which the engine's user cannot give to another one; null while
    /// it is not created: then a directory of that name is removed only when it is empty.</param>
    public Undo TakeAway(string repository, string directory, FileFacts? made = null)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal) { [Repository] = repository, [Directory] = directory };
        if (made is { } facts) (words[Inode], words[Device]) = ($"{facts.Inode}", $"{facts.Device}");
        return new(Kind(settings, "take-away"), $"Take away the snapshot repository {repository} of {settings.Name} and its directory {directory}.", words);
    }

    /// <summary>
    /// Removes the copy. Its parent directory belongs to the engine's user, who can replace the copy, and create links
    /// in it.
    /// </summary>
    private static void RemoveCopy(IReadOnlyDictionary<string, string> words)
    {
        var directory = words[Directory];
        if (!Path.GetFileName(directory).StartsWith(SearchRestore.Beside, StringComparison.Ordinal)) throw new InvalidDataException($"'{directory}' is not the name of a directory that a restore makes.");
        PrivateTree.Remove(directory, SearchRestore.Beside, words.TryGetValue(Inode, out var inode) ? (inode, words[Device]) : null);
    }

    /// <summary>
    /// Moves an index back, and its aliases with it. It cannot be restored with its aliases while another index has the
    /// name of such an alias.
    /// </summary>
    private static async Task MoveBackAsync(SearchServer server, TimeProvider clock, MovedAsideIndex moved, CancellationToken cancellation)
    {
        foreach (var alias in moved.Aliases.Select(alias => alias.Key))
            if (await server.FindAsync($"/{SearchServer.Part(alias)}/_settings/index.uuid", cancellation) is JsonObject found && found.ContainsKey(alias))
                throw IndexAliases.Occupied($"The index {moved.Index} cannot be brought back with its alias '{alias}': an index of that name was made meanwhile.", alias, "run 'holdfast recover'");
        await new IndexMoveAside(server, clock).MoveBackAsync(moved, cancellation);
    }

    private static string Kind(SearchSettings settings, string kind) => $"search/{settings.Name}.{kind}";

    private sealed class Handler(string place, string kind, Func<Undo, CancellationToken, Task> undo) : IUndoHandler
    {
        public string Kind => kind;

        public Task UndoAsync(Undo owed, CancellationToken cancellation) => UnexpectedAnswer.RefuseAsync(place, async () =>
        {
            await undo(owed, cancellation);
            return true;
        });
    }
}
