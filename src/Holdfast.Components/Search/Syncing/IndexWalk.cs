using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search.Syncing;

/// <summary>
/// Walks over all documents of an index, in index order, and reads of each only its id, its version and its last
/// change. It uses a scroll, which every engine has. Source: the engines' reference manuals, "Scroll".
/// </summary>
/// <param name="server">The engine.</param>
/// <param name="index">The index.</param>
/// <param name="versionField">The field with the version of a document; null for the engine's own version.</param>
/// <param name="deadline">The time limit of all pages together: an engine that answers each page just in time must not
/// hold a run forever.</param>
/// <param name="clock">Measures the deadline.</param>
internal sealed class IndexWalk(SearchServer server, string index, string? versionField, TimeSpan deadline, TimeProvider clock)
{
    private const string Alive = "5m", Filter = "filter_path=_scroll_id,_shards.failed,_shards.failures,hits.hits._id,hits.hits._version,hits.hits._seq_no,hits.hits._primary_term,hits.hits._source";

    /// <summary>The default limit of a page (index.max_result_window).</summary>
    private const int Page = 10_000;

    private readonly WalkPage _page = new(versionField is not null);

    /// <summary>Calls <paramref name="see"/> for each document.</summary>
    /// <exception cref="ProblemException">The engine cannot be queried, a shard fails, or the deadline has
    /// passed.</exception>
    public async Task RunAsync(SeeDocument see, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(deadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await WalkAsync(see, either.Token);
        }
        catch (Exception) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Catalogue.StepTimeout.Throwable(
                $"{server.Place} did not give all documents of {index} within {Duration.Describe(deadline)}.",
                "See what the engine does, or raise 'deadline' of the search cluster in the profile.");
        }
    }

    private async Task WalkAsync(SeeDocument see, CancellationToken cancellation)
    {
        var page = await PageAsync(server, index, Page, cancellation);
        using var channel = await server.OpenChannelAsync(clock, cancellation);
        var (scroll, count) = Read(await AskAsync(channel, $"/{SearchServer.Part(index)}/_search?scroll={Alive}&allow_partial_search_results=false&{Filter}", First(page), cancellation), see);
        while (count > 0 && scroll is not null)
            (scroll, count) = Read(await AskAsync(channel, $"/_search/scroll?{Filter}", new JsonObject { ["scroll"] = Alive, ["scroll_id"] = scroll }, cancellation), see);
        if (scroll is not null) await server.DeleteAsync("/_search/scroll", new JsonObject { ["scroll_id"] = scroll }, cancellation);
    }

    /// <summary>
    /// The number of documents of a page: the wanted number, or the limit of the index when that is lower.
    /// </summary>
    public static async Task<int> PageAsync(SearchServer server, string index, int wanted, CancellationToken cancellation)
    {
        const string window = "index.max_result_window";
        var settings = (await server.GetAsync($"/{SearchServer.Part(index)}/_settings/{window}?flat_settings=true", cancellation))[index]?["settings"];
        return int.TryParse(settings?[window]?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? Math.Clamp(most, 1, wanted) : wanted;
    }

    private JsonObject First(int page) => new()
    {
        ["size"] = page, ["sort"] = new JsonArray("_doc"), ["version"] = true, ["seq_no_primary_term"] = true,
        ["_source"] = versionField is null ? false : new JsonArray(versionField),
    };

    private async Task<ReadOnlyMemory<byte>> AskAsync(WebChannel channel, string path, JsonObject body, CancellationToken cancellation)
    {
        var (status, answer) = await channel.PostAsync(path, Encoding.UTF8.GetBytes(body.ToJsonString()), "application/json", cancellation);
        return status == HttpStatusCode.OK ? answer : throw server.Refusal($"does not let us read {index}", status, answer);
    }

    private (string? Scroll, int Count) Read(ReadOnlyMemory<byte> answer, SeeDocument see)
    {
        try
        {
            return _page.Read(answer.Span, see);
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException or FormatException)
        {
            throw Catalogue.WebAnswer.Throwable($"{server.Place} does not answer a scroll as Elasticsearch and OpenSearch do: {foreign.Message.TrimEnd('.')}.", foreign);
        }
    }
}

/// <summary>A document that a walk has come to. The bytes are gone with the next one.</summary>
internal delegate void SeeDocument(ReadOnlySpan<byte> id, ReadOnlySpan<byte> version, Bulk.SeenDocument seen);
