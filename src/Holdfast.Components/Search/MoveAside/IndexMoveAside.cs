using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.MoveAside;

/// <summary>
/// Moves indices aside, and back. An engine cannot rename an index: it is cloned by hard links, which take no space,
/// and then deleted.
/// </summary>
internal sealed partial class IndexMoveAside(SearchServer server, TimeProvider clock)
{
    private const string Block = IndexBlocks.Write, Replicas = "index.number_of_replicas", Uuid = "index.uuid", Source = "index.resize.source.uuid", Created = "index.creation_date";
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100), _deadline = TimeSpan.FromMinutes(10);

    /// <summary>The name that an index was moved aside from by a restore; null for any other name.</summary>
    public static string? MovedFrom(string index) => Aside().Match(index) is { Success: true } match ? index[..match.Index] : null;

    /// <summary>Reads the properties of an index that are needed to move it back.</summary>
    /// <param name="index">The index.</param>
    /// <param name="aside">The name of its moved-aside copy.</param>
    /// <param name="created">The creation date of the index that is restored in its place (index.creation_date), which
    /// a restore keeps.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    public async Task<MovedAsideIndex> LookAsync(string index, string aside, string? created, CancellationToken cancellation)
    {
        var about = (await server.GetAsync($"/{SearchServer.Part(index)}?flat_settings=true", cancellation))[index]!;
        var settings = about["settings"]!.AsObject();
        var kept = new JsonObject { [Replicas] = settings[Replicas]?.DeepClone(), [Block] = settings[Block]?.DeepClone() };
        return new MovedAsideIndex(index, aside, (string)settings[Uuid]!, created ?? "", kept, about["aliases"]?.DeepClone().AsObject() ?? []);
    }

    /// <summary>Clones an index that may not be written while this is done, and deletes it.</summary>
    /// <exception cref="ProblemException">The engine refuses, or the clone does not get ready.</exception>
    public async Task MoveAsync(MovedAsideIndex moved, CancellationToken cancellation)
    {
        await CloneAsync(moved.Index, moved.Aside, new JsonObject { [Replicas] = 0, [Block] = null }, [], cancellation);
        await server.DeleteAsync($"/{SearchServer.Part(moved.Index)}", cancellation);
    }

    /// <summary>
    /// Undoes the move at any stage: an index that still exists is writable again, and its copy is deleted; one that
    /// was deleted is restored from its copy, in place of the restored index. A repeated call continues where the last
    /// one ended.
    /// </summary>
    /// <exception cref="ProblemException">The engine refuses, or another index of that name was created.</exception>
    public async Task MoveBackAsync(MovedAsideIndex moved, CancellationToken cancellation)
    {
        // Waits for queued requests of a killed run: indices are created with priority URGENT.
        await server.GetAsync("/_cluster/health?wait_for_events=urgent&timeout=30s", cancellation);
        var (there, aside) = (await FindAsync(moved.Index, cancellation), await FindAsync(moved.Aside, cancellation));
        var isAside = (string?)aside?[Source] == moved.Uuid;
        if ((string?)there?[Uuid] == moved.Uuid)
        {
            if (isAside) await server.DeleteAsync($"/{SearchServer.Part(moved.Aside)}", cancellation);
            // An index with another block takes no setting, not even the one that it has.
            if (IndexBlocks.IsSet(there, Block) != IndexBlocks.IsSet(moved.Settings, Block))
                await server.PutAsync($"/{SearchServer.Part(moved.Index)}/_settings", new JsonObject { [Block] = moved.Settings[Block]?.DeepClone() }, cancellation);
        }
        else if (isAside) await BringBackAsync(moved, there, (string)aside![Uuid]!, cancellation);
    }

    /// <summary>Blocks writes to an index until they are allowed again.</summary>
    public Task BlockAsync(string index, CancellationToken cancellation) => BlockAsync(index, true, cancellation);

    /// <summary>Allows writes to an index again; no error when the index does not exist or has no block.</summary>
    public async Task UnblockAsync(string index, CancellationToken cancellation)
    {
        if (IndexBlocks.IsSet(await FindAsync(index, cancellation), Block)) await BlockAsync(index, false, cancellation);
    }

    private async Task BringBackAsync(MovedAsideIndex moved, JsonObject? there, string aside, CancellationToken cancellation)
    {
        if (there is null || (string?)there[Source] != aside)
        {
            if (there is not null && (string?)there[Created] != moved.Created)
                throw Catalogue.SearchRestore.Throwable($"Somebody has made an index {moved.Index} meanwhile, and what it was is in {moved.Aside}. Delete the one that is not wanted; then run 'holdfast recover'.");
            if (there is not null)
            {
                await IndexBlocks.LiftAsync(server, moved.Index, there, cancellation);
                await server.DeleteAsync($"/{SearchServer.Part(moved.Index)}", cancellation);
            }
            await CloneAsync(moved.Aside, moved.Index, moved.Settings, moved.Aliases, cancellation);
        }
        await WaitAsync(moved.Index, cancellation); // an earlier attempt has begun it
        await server.DeleteAsync($"/{SearchServer.Part(moved.Aside)}", cancellation);
    }

    private async Task CloneAsync(string index, string name, JsonObject settings, JsonObject aliases, CancellationToken cancellation)
    {
        await BlockAsync(index, true, cancellation);
        var body = new JsonObject { ["settings"] = settings.DeepClone(), ["aliases"] = aliases.DeepClone() };
        await server.PostAsync($"/{SearchServer.Part(index)}/_clone/{SearchServer.Part(name)}", body, cancellation);
        await WaitAsync(name, cancellation);
    }

    /// <summary>The settings of an index; null when it is not there.</summary>
    private async Task<JsonObject?> FindAsync(string index, CancellationToken cancellation) =>
        (await server.FindAsync($"/{SearchServer.Part(index)}/_settings?flat_settings=true", cancellation))?[index]?["settings"] as JsonObject;

    private Task<JsonNode> BlockAsync(string index, bool block, CancellationToken cancellation) => server.PutAsync(
        $"/{SearchServer.Part(index)}/_settings", new JsonObject { [Block] = block ? JsonValue.Create(true) : null }, cancellation);

    private async Task WaitAsync(string index, CancellationToken cancellation)
    {
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < _deadline; await Task.Delay(_look, clock, cancellation))
            if (await server.FindAsync($"/_cluster/health/{SearchServer.Part(index)}", cancellation) is { } health && (string?)health["status"] is "green" or "yellow") return;
        throw Catalogue.SearchRestore.Throwable($"The copy {index} of an index did not get ready.");
    }

    /// <summary>With the id of the run, as the engines take names: in small letters.</summary>
    [GeneratedRegex(@"\.before-[0-9]{8}t[0-9]{6}z-[0-9a-f]{6}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Aside();
}
