using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// Waits for restored indices. The response of a restore request does not include shards that fail later, so each shard
/// is queried.
/// </summary>
internal sealed class IndexRecovery(SearchServer server, TimeProvider clock)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(250);

    /// <summary>Of many indices each look is some work for the engine, which has enough.</summary>
    private const int Many = 200;

    /// <summary>An engine tries again by itself what fails for a moment, and needs one to see that there is something to do.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    private long? _stuckSince;

    /// <summary>Waits until the first copy of every shard is there.</summary>
    /// <exception cref="ProblemException">A shard failed, with the engine's explanation, or it took too long.</exception>
    public async Task WaitAsync(IReadOnlyList<string> indices, TimeSpan deadline, StepCounters counters, CancellationToken cancellation)
    {
        for (var began = clock.GetTimestamp(); ; await Task.Delay(indices.Count > Many ? 4 * _look : _look, clock, cancellation))
        {
            var primaries = await PrimariesAsync(indices, cancellation);
            await CountAsync(indices, primaries, counters, cancellation);
            var isListed = indices.ToHashSet(StringComparer.Ordinal).IsSubsetOf(primaries.Select(shard => (string)shard["index"]!));
            if (isListed && primaries.All(shard => (string?)shard["state"] is "STARTED" or "RELOCATING")) return;
            var missing = primaries.Where(shard => (string?)shard["state"] == "UNASSIGNED").ToList();
            if (await IsStuckAsync(missing, cancellation)) throw new ProblemException(Catalogue.SearchRestore.With($"{missing.Count} shards cannot be restored.") with { Details = await ExplainAsync(missing, cancellation) });
            if (clock.GetElapsedTime(began) <= deadline) continue;
            throw new ProblemException(Catalogue.SearchRestore.With($"{missing.Count} shards were on no node after {deadline}.") with { Details = await ExplainAsync(missing, cancellation) });
        }
    }

    /// <summary>The engine says of a shard, and goes on to say, that it will not put it anywhere: no node may have it, or no copy can be read.</summary>
    private async Task<bool> IsStuckAsync(List<JsonNode> missing, CancellationToken cancellation)
    {
        if (missing.Count == 0 || await ExplainAsync(missing[0], cancellation) is not { } explained || (string?)explained["can_allocate"] is not ("no" or "no_valid_shard_copy")) _stuckSince = null;
        else _stuckSince ??= clock.GetTimestamp();
        return _stuckSince is { } since && clock.GetElapsedTime(since) > _patience;
    }

    private async Task<IReadOnlyList<JsonNode>> PrimariesAsync(IReadOnlyList<string> indices, CancellationToken cancellation)
    {
        var shards = new List<JsonNode>();
        foreach (var names in SearchServer.Parts(indices))
            shards.AddRange((await server.GetAsync($"/_cat/shards/{names}?format=json&h=index,shard,prirep,state,unassigned.reason", cancellation)).AsArray().OfType<JsonNode>().Where(shard => (string?)shard["prirep"] == "p"));
        return shards;
    }

    private async Task CountAsync(IReadOnlyList<string> indices, IReadOnlyList<JsonNode> primaries, StepCounters counters, CancellationToken cancellation)
    {
        Interlocked.Exchange(ref counters.ItemsTotal, primaries.Count);
        Interlocked.Exchange(ref counters.ItemsDone, primaries.Count(shard => (string?)shard["state"] == "STARTED"));
        long total = 0, done = 0;
        foreach (var names in SearchServer.Parts(indices))
        {
            foreach (var shard in (await server.FindAsync($"/{names}/_recovery?filter_path=*.shards.index.size&ignore_unavailable=true&expand_wildcards=all", cancellation) as JsonObject ?? []).SelectMany(index => index.Value?["shards"] as JsonArray ?? []))
            {
                total += (long?)shard?["index"]?["size"]?["total_in_bytes"] ?? 0;
                done += (long?)shard?["index"]?["size"]?["recovered_in_bytes"] ?? 0;
            }
        }
        Interlocked.Exchange(ref counters.BytesTotal, total);
        Interlocked.Exchange(ref counters.BytesDone, done);
    }

    /// <summary>The engine's own explanations.</summary>
    private async Task<IReadOnlyList<string>> ExplainAsync(IReadOnlyList<JsonNode> shards, CancellationToken cancellation)
    {
        var lines = new List<string>();
        foreach (var shard in shards.Take(5))
        {
            var explained = await ExplainAsync(shard, cancellation);
            var refusal = (explained?["node_allocation_decisions"] as JsonArray ?? []).SelectMany(node => node?["deciders"] as JsonArray ?? []).Select(decider => (string?)decider?["explanation"]).FirstOrDefault();
            var why = refusal ?? (string?)explained?["unassigned_info"]?["details"] ?? (string?)explained?["allocate_explanation"] ?? (string?)shard["unassigned.reason"];
            lines.Add($"{(string?)shard["index"]}[{(string?)shard["shard"]}]: {why}");
        }
        return lines;
    }

    /// <summary>Null when the engine does not say: the shard has just found its node, or the user may not ask.</summary>
    private async Task<JsonNode?> ExplainAsync(JsonNode shard, CancellationToken cancellation)
    {
        var number = int.Parse((string)shard["shard"]!, CultureInfo.InvariantCulture);
        try
        {
            return await server.PostAsync("/_cluster/allocation/explain", new JsonObject { ["index"] = (string?)shard["index"], ["shard"] = number, ["primary"] = true }, cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.SearchRefused.Code || refused.Problem.Code == Catalogue.WebAuthentication.Code)
        {
            return null;
        }
    }
}
