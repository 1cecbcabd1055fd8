using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Preparing;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>A snapshot repository that an engine has registered, and Holdfast's snapshots in it.</summary>
internal sealed class SnapshotRepository(SearchServer server, string name, TimeProvider clock)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Parts of the engine's messages about a repository whose files were changed by another cluster or are damaged.
    /// </summary>
    private static readonly string[] _changed = ["does not match", "concurrent", "corrupted", "Could not determine repository generation", "cannot be read", "Unexpected", "missing", "could not read repository data", "failed to read"];

    /// <summary>The name of the repository in the engine.</summary>
    public string Name => name;

    private string Path => $"/_snapshot/{SearchServer.Part(name)}";

    /// <summary>
    /// The directory of a repository of type "fs"; null when it is of another type, or not registered. A relative path
    /// is below the first directory of the nodes' path.repo.
    /// </summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public async Task<string?> FindLocationAsync(CancellationToken cancellation)
    {
        if (await server.FindAsync(Path, cancellation) is not { } found || (string?)found[name]?["type"] != "fs" || (string?)found[name]!["settings"]?["location"] is not { } location) return null;
        if (System.IO.Path.IsPathRooted(location)) return location;
        var nodes = await new NodePaths(server, location).ReadAsync(cancellation);
        return nodes.Select(node => (node.Paths.Count > 0 ? node.Paths[0] : null)).OfType<string>().FirstOrDefault() is { } root ? System.IO.Path.Combine(root, location) : location;
    }

    /// <summary>
    /// Refuses a repository that is registered as read-only: it belongs to another cluster, which writes to it.
    /// </summary>
    /// <exception cref="ProblemException">The repository is read-only, or the engine refuses.</exception>
    public async Task RefuseReadOnlyAsync(CancellationToken cancellation)
    {
        if (await server.FindAsync(Path, cancellation) is { } found && bool.TryParse(found[name]?["settings"]?["readonly"]?.ToString(), out var isReadOnly) && isReadOnly)
            throw Catalogue.SearchPath.Throwable(
                $"The snapshot repository '{name}' of {server.Place} is registered for reading alone (readonly: true), so no snapshot can be taken into it: another cluster writes it.",
                "Give this cluster a repository of its own: another 'name' and 'location' under 'repository' in the profile. Do not register this one without readonly: two clusters that write into one directory ruin it.");
    }

    /// <summary>Whether the repository is registered.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public async Task<bool> IsRegisteredAsync(CancellationToken cancellation) => await server.FindAsync(Path, cancellation) is not null;

    /// <summary>Registers a directory. It is not verified.</summary>
    /// <exception cref="ProblemException">No node may use the directory (path.repo), or the engine refuses.</exception>
    public async Task RegisterAsync(string location, bool isReadOnly, CancellationToken cancellation)
    {
        var settings = new JsonObject { ["location"] = location, ["compress"] = true };
        if (isReadOnly) settings["readonly"] = true;
        try
        {
            await server.PutAsync($"{Path}?verify=false", new JsonObject { ["type"] = "fs", ["settings"] = settings }, cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Message.Contains("path.repo", StringComparison.Ordinal))
        {
            throw Catalogue.SearchPath.Throwable($"{server.Place} may not use '{location}' for snapshots: its setting path.repo does not name it.");
        }
    }

    /// <summary>Lets every node write a test file into the repository.</summary>
    /// <exception cref="ProblemException">A node cannot; the message names it.</exception>
    public async Task VerifyAsync(CancellationToken cancellation)
    {
        try
        {
            await server.PostAsync($"{Path}/_verify", null, cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.SearchRefused.Code)
        {
            throw Catalogue.SearchPath.Throwable($"Not every node of {server.Place} can use the snapshot repository '{name}': {await NamedAsync(refused.Problem.Message, cancellation)}");
        }
    }

    /// <summary>Starts a snapshot.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public Task BeginAsync(string snapshot, JsonObject request, CancellationToken cancellation) =>
        UseAsync(async () => await server.PutAsync($"{PathOf(snapshot)}?wait_for_completion=false", request, cancellation));

    /// <summary>Waits for a snapshot's end, and counts its bytes and shards meanwhile.</summary>
    /// <exception cref="ProblemException">The snapshot is incomplete, or has vanished, as after a failure of the
    /// master.</exception>
    public async Task<SnapshotInfo> WaitAsync(string snapshot, TimeSpan deadline, StepCounters counters, CancellationToken cancellation)
    {
        for (var began = clock.GetTimestamp(); ; await Task.Delay(_look, clock, cancellation))
        {
            var info = await FindAsync(snapshot, cancellation)
                ?? throw new ProblemException(Catalogue.SearchSnapshot.With($"The snapshot {snapshot} of {server.Place} has vanished: it could not be written, its node was restarted, or somebody deleted it.") with { Details = await DoubtsAsync(cancellation) });
            if (info.IsWhole) return info;
            if (!info.IsRunning) throw new ProblemException(Catalogue.SearchSnapshot.With($"The snapshot {snapshot} of {server.Place} is {info.State}.") with { Details = info.Failures });
            if (clock.GetElapsedTime(began) > deadline) throw Catalogue.SearchSnapshot.Throwable($"The snapshot {snapshot} of {server.Place} was not ready within {deadline}.");
            await CountAsync(snapshot, counters, cancellation);
        }
    }

    /// <summary>A snapshot; null when there is none of that name.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public async Task<SnapshotInfo?> FindAsync(string snapshot, CancellationToken cancellation) =>
        await UseAsync(() => server.FindAsync(PathOf(snapshot), cancellation)) is { } found && found["snapshots"] is JsonArray { Count: > 0 } list ? SnapshotInfo.Of(list[0]!) : null;

    /// <summary>All snapshots that can be read, oldest first, without the names of their indices: a repository may have thousands of both.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public async Task<IReadOnlyList<SnapshotInfo>> ListAsync(CancellationToken cancellation)
    {
        const string wanted = "snapshots.snapshot,snapshots.state,snapshots.start_time_in_millis,snapshots.metadata";
        var found = await UseAsync(() => server.FindAsync($"{Path}/_all?ignore_unavailable=true&filter_path={wanted}", cancellation));
        return [.. (found?["snapshots"] as JsonArray ?? []).Select(snapshot => SnapshotInfo.Of(snapshot!)).OrderBy(snapshot => snapshot.Started)];
    }

    /// <summary>
    /// Snapshots that the repository lists and the engine cannot read: their files are damaged or missing.
    /// </summary>
    /// <param name="readable">The snapshots that the engine can read.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public async Task<IReadOnlyList<string>> FindDamagedAsync(IReadOnlyList<SnapshotInfo> readable, CancellationToken cancellation)
    {
        // Without their details they are known from the list of the repository alone.
        var named = await UseAsync(() => server.FindAsync($"{Path}/_all?verbose=false&ignore_unavailable=true&filter_path=snapshots.snapshot", cancellation));
        return [.. (named?["snapshots"] as JsonArray ?? []).Select(snapshot => (string)snapshot!["snapshot"]!).Except(readable.Select(snapshot => snapshot.Name), StringComparer.Ordinal)];
    }

    /// <summary>Deletes a snapshot, and cancels it when it is running. No error when it does not exist.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public Task DeleteAsync(string snapshot, CancellationToken cancellation) => server.Patient.DeleteAsync(PathOf(snapshot), cancellation);

    /// <summary>Lets the engine forget the repository; its directory stays.</summary>
    /// <exception cref="ProblemException">The engine refuses.</exception>
    public Task UnregisterAsync(CancellationToken cancellation) => server.DeleteAsync(Path, cancellation);

    /// <summary>
    /// Runs a request. An engine whose repository was changed by another cluster, or is damaged, refuses every request
    /// until it reads the repository again.
    /// </summary>
    private async Task<JsonNode?> UseAsync(Func<Task<JsonNode?>> ask)
    {
        try
        {
            return await ask();
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.SearchRefused.Code && refused.Problem.Message.Contains("repository_", StringComparison.Ordinal))
        {
            throw new ProblemException(
                Catalogue.SearchSnapshot.With(
                    $"The snapshot repository '{name}' of {server.Place} cannot be used: {refused.Problem.Message}",
                    HintOf(refused.Problem.Message)),
                refused);
        }
    }

    /// <summary>
    /// The hint for a refusal. Only a repository that another cluster has changed, or that is damaged, can be used
    /// after it is registered again; for any other reason, that would add a second writer.
    /// </summary>
    private string HintOf(string reason) => _changed.Any(sign => reason.Contains(sign, StringComparison.OrdinalIgnoreCase))
        ? $"Two clusters must not write into one directory: give each its own. Then let the engine forget the repository (DELETE _snapshot/{name}; no file is deleted): registered again, as the next backup does, it is read anew. If it is still refused, move the directory's content away: recovery points have copies of their own."
        : "Its own reason stands in the message; see the settings of the repository (GET _snapshot), its directory, and the engine's log.";

    private string PathOf(string snapshot) => $"{Path}/{SearchServer.Part(snapshot)}";

    /// <summary>
    /// Checks whether the repository is writable: an engine that cannot write the end of a snapshot, as on a full disk,
    /// drops the snapshot without an error.
    /// </summary>
    private async Task<IReadOnlyList<string>> DoubtsAsync(CancellationToken cancellation)
    {
        try
        {
            await VerifyAsync(cancellation);
            return [];
        }
        catch (ProblemException unusable)
        {
            return [unusable.Problem.Message];
        }
    }

    private async Task CountAsync(string snapshot, StepCounters counters, CancellationToken cancellation)
    {
        if (await server.FindAsync($"{PathOf(snapshot)}/_status?filter_path=snapshots.stats,snapshots.shards_stats", cancellation) is not { } answer || answer["snapshots"] is not JsonArray { Count: > 0 } list) return;
        var (stats, shards) = (list[0]!["stats"], list[0]!["shards_stats"]);
        Interlocked.Exchange(ref counters.BytesTotal, (long?)stats?["incremental"]?["size_in_bytes"] ?? 0);
        Interlocked.Exchange(ref counters.BytesDone, (long?)stats?["processed"]?["size_in_bytes"] ?? (long?)stats?["incremental"]?["size_in_bytes"] ?? 0);
        Interlocked.Exchange(ref counters.ItemsTotal, (long?)shards?["total"] ?? 0);
        Interlocked.Exchange(ref counters.ItemsDone, (long?)shards?["done"] ?? 0);
    }

    /// <summary>Replaces node IDs in the engine's message by node names, which administrators know.</summary>
    private async Task<string> NamedAsync(string message, CancellationToken cancellation)
    {
        var nodes = (await server.GetAsync("/_nodes?filter_path=nodes.*.name", cancellation))["nodes"] as JsonObject ?? [];
        foreach (var (id, node) in nodes) message = message.Replace(id, $"node {(string?)node?["name"]}", StringComparison.Ordinal);
        return message;
    }
}
