using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search;

/// <summary>Moves indices aside. An engine can not rename one: its files are linked into a clone, which takes no room, and then it is deleted.</summary>
internal sealed class IndexShelf(SearchServer server, TimeProvider clock)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100), _deadline = TimeSpan.FromMinutes(10);

    /// <summary>Clones an index that may not be written while this is done, and deletes it.</summary>
    /// <exception cref="ProblemException">The engine refuses, or the clone does not get ready.</exception>
    public async Task MoveAsync(string index, string aside, CancellationToken cancellation)
    {
        await BlockAsync(index, true, cancellation);
        await server.PostAsync(
            $"/{SearchServer.Part(index)}/_clone/{SearchServer.Part(aside)}",
            new JsonObject { ["settings"] = new JsonObject { ["index.number_of_replicas"] = 0, ["index.blocks.write"] = null } }, cancellation);
        await WaitAsync(aside, cancellation);
        await server.DeleteAsync($"/{SearchServer.Part(index)}", cancellation);
    }

    /// <summary>Lets nobody write an index until it is let be written again.</summary>
    public Task BlockAsync(string index, CancellationToken cancellation) => BlockAsync(index, true, cancellation);

    /// <summary>Lets an index be written again; one that is gone is well.</summary>
    public async Task UnblockAsync(string index, CancellationToken cancellation)
    {
        if (await server.FindAsync($"/{SearchServer.Part(index)}/_settings", cancellation) is not null) await BlockAsync(index, false, cancellation);
    }

    private Task<JsonNode> BlockAsync(string index, bool block, CancellationToken cancellation) => server.PutAsync(
        $"/{SearchServer.Part(index)}/_settings", new JsonObject { ["index.blocks.write"] = block ? JsonValue.Create(true) : null }, cancellation);

    private async Task WaitAsync(string index, CancellationToken cancellation)
    {
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < _deadline; await Task.Delay(_look, clock, cancellation))
            if (await server.FindAsync($"/_cluster/health/{SearchServer.Part(index)}", cancellation) is { } health && (string?)health["status"] is "green" or "yellow") return;
        throw Catalogue.SearchRestore.Throwable($"The copy {index}, under which an index was to be kept, did not get ready.");
    }
}
