using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Documents that lie in the shard of a routing value of their own, not in that of their id: of a parent-join, say, or of an alias with a routing.
/// A statement gives no such value, and without it an engine would write a second document of the same id into another shard, and would find none
/// to be deleted. Source: the engines' reference manuals, "_routing field".
/// </summary>
internal static class RoutedDocuments
{
    /// <summary>Looks whether an index has any. Of one that is not whole, what can be read is looked at: a reindex does away with it, and a sync refuses it.</summary>
    /// <exception cref="ProblemException">It has, or the engine can not be asked.</exception>
    public static async Task RefuseAsync(SearchServer server, string index, CancellationToken cancellation)
    {
        var query = new JsonObject { ["size"] = 1, ["_source"] = false, ["track_total_hits"] = false, ["query"] = new JsonObject { ["exists"] = new JsonObject { ["field"] = "_routing" } } };
        if (await FindAsync() is { } found) throw Problem(index, (string)found["_id"]!);

        async Task<JsonNode?> FindAsync()
        {
            try
            {
                var answer = await server.PostAsync($"/{SearchServer.Part(index)}/_search?allow_partial_search_results=true", query, cancellation);
                return answer["hits"]?["hits"] is JsonArray { Count: > 0 } hits ? hits[0] : null;
            }
            catch (ProblemException unread) when (unread.Problem.Code == Catalogue.SearchRefused.Code)
            {
                return null; // none of its shards can be read, or it is closed
            }
        }
    }

    /// <summary>Of which a document is one.</summary>
    public static ProblemException Problem(string index, string id) => Catalogue.SearchRouting.Throwable(
        $"Documents of {index} have a routing value of their own, '{Excerpt.OfId(id)}' is one. The statement in the profile does not give it, so the engine would put what is written beside them, into other shards.");
}
