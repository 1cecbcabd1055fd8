using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Documents that are in the shard of a routing value of their own, not in that of their id: of a parent-join, say, or
/// of an alias with a routing. A statement returns no such value, and without it an engine would write a second
/// document of the same id into another shard, and would not find a document that is to be deleted. Source: the
/// engines' reference manuals, "_routing field".
/// </summary>
internal static class RoutedDocuments
{
    /// <summary>
    /// Refuses an index that has such documents. Of an index with missing shards only the available ones are searched:
    /// a reindex replaces it, and a sync refuses it.
    /// </summary>
    /// <exception cref="ProblemException">The index has such a document, or the engine cannot be queried.</exception>
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

    /// <summary>The error for an index with such a document.</summary>
    public static ProblemException Problem(string index, string id) => Catalogue.SearchRouting.Throwable(
        $"Documents of {index} have a routing value of their own, '{Excerpt.OfId(id)}' is one. The statement in the profile does not give it, so the engine would put what is written beside them, into other shards.");
}
