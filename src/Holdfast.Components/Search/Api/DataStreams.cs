using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Data streams, which Elasticsearch has from 7.9 and OpenSearch always: hidden indices behind one name. Snapshots and restores that name the
/// stream have it with its indices; those that name the indices have no stream, and nothing finds their documents.
/// </summary>
internal static class DataStreams
{
    /// <summary>The prefix of the names of backing indices.</summary>
    public const string Prefix = ".ds-";

    /// <summary>The data streams of a cluster, with their backing indices, oldest first.</summary>
    /// <param name="server">The cluster.</param>
    /// <param name="indices">The indices to examine. Where none of them has the name of a backing index, an engine
    /// without data streams, or a user without the privilege, is no error.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <exception cref="ProblemException">There are data streams, and the user lacks the privilege to see
    /// them.</exception>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> FindAsync(SearchServer server, IReadOnlyList<string> indices, CancellationToken cancellation)
    {
        try
        {
            var answer = await server.FindAsync("/_data_stream", cancellation);
            return (answer?["data_streams"] as JsonArray ?? []).ToDictionary(stream => (string)stream!["name"]!, stream => IndicesOf(stream!), StringComparer.Ordinal);
        }
        catch (ProblemException refused) when (!indices.Any(index => index.StartsWith(Prefix, StringComparison.Ordinal)) && (refused.Problem.Code == Catalogue.SearchRefused.Code || refused.Problem.Code == Catalogue.WebAuthentication.Code))
        {
            return new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        }
    }

    private static IReadOnlyList<string> IndicesOf(JsonNode stream) => [.. (stream["indices"] as JsonArray ?? []).Select(index => (string)index!["index_name"]!)];
}
