using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Speaks to an engine's REST API. What it refuses becomes a problem that says why in the engine's own words: {"error": {"type", "reason",
/// "root_cause"}}, the same in Elasticsearch and OpenSearch.
/// </summary>
internal sealed class SearchServer(WebServer web, TimeSpan patience)
{
    /// <summary>So many bytes of a refusal are told.</summary>
    private const int Told = 500;

    /// <summary>So many indices are described by one answer: a mapping of some thousand fields takes some 100 KiB.</summary>
    public const int Described = 20;

    /// <summary>So many bytes of names are put into one path: an engine takes a first line of 4096 bytes (http.max_initial_line_length).</summary>
    private const int MostNames = 3000;

    /// <summary>The type of a refusal that is for a block of the index, or of the whole cluster.</summary>
    private const string Block = "cluster_block_exception";

    /// <summary>So many characters of its reasons are told.</summary>
    private const int ToldReason = 2000;

    /// <summary>So many characters of a path are told.</summary>
    private const int ToldPath = 200;

    public SearchServer(WebServer web)
        : this(web, WebServer.Patience)
    {
    }

    /// <summary>The same, with patience for what may take an engine long before it answers: a snapshot of many files is deleted, much is flushed. 6 hours.</summary>
    public SearchServer Patient => new(web, TimeSpan.FromHours(6));

    /// <summary>The same, for a question that an engine answers at once, or not at all: what it is. Half a minute.</summary>
    public SearchServer Brief => new(web, TimeSpan.FromSeconds(30));

    /// <summary>The name that an engine has given its cluster, which no other one has; empty when it has none yet.</summary>
    public async Task<string> FindIdentityAsync(CancellationToken cancellation) =>
        (await Brief.GetAsync("/", cancellation))["cluster_uuid"]?.ToString() is { } identity && identity != "_na_" ? identity : "";

    /// <summary>Where it is.</summary>
    public string Place => web.Place;

    /// <exception cref="ProblemException">It refuses, or there is no answer.</exception>
    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation) => await SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <summary>Null for what is not there (HTTP 404).</summary>
    /// <exception cref="ProblemException">It refuses, or there is no answer.</exception>
    public Task<JsonNode?> FindAsync(string path, CancellationToken cancellation) => TrySendAsync(HttpMethod.Get, path, null, cancellation);

    /// <exception cref="ProblemException">It refuses, or there is no answer.</exception>
    public Task<JsonNode> PutAsync(string path, JsonNode? body, CancellationToken cancellation) => SendAsync(HttpMethod.Put, path, body, cancellation);

    /// <exception cref="ProblemException">It refuses, or there is no answer.</exception>
    public Task<JsonNode> PostAsync(string path, JsonNode? body, CancellationToken cancellation) => SendAsync(HttpMethod.Post, path, body, cancellation);

    /// <summary>False for what was not there.</summary>
    /// <exception cref="ProblemException">It refuses, or there is no answer.</exception>
    public async Task<bool> DeleteAsync(string path, CancellationToken cancellation) => await TrySendAsync(HttpMethod.Delete, path, null, cancellation) is not null;

    /// <summary>The same for what is named in a body.</summary>
    /// <exception cref="ProblemException">It refuses, or there is no answer.</exception>
    public async Task<bool> DeleteAsync(string path, JsonNode body, CancellationToken cancellation) => await TrySendAsync(HttpMethod.Delete, path, body, cancellation) is not null;

    /// <summary>A connection for many large requests; the caller's to close.</summary>
    public Task<WebChannel> OpenChannelAsync(TimeProvider clock, CancellationToken cancellation) => web.OpenChannelAsync(clock, cancellation);

    /// <summary>A name as a part of a path.</summary>
    public static string Part(string name) => Uri.EscapeDataString(name);

    /// <summary>Names, or patterns of them, as parts of as many paths as they need. Nothing for no name, which to an engine means all.</summary>
    /// <param name="names">The names.</param>
    /// <param name="most">At most so many in one path, unless one of them excludes others.</param>
    public static IEnumerable<string> Parts(IEnumerable<string> names, int most = int.MaxValue)
    {
        var batch = new List<string>();
        var length = 0;
        var parts = names.Select(Part).ToList();
        var mayPart = !parts.Exists(part => part.StartsWith('-')); // a pattern that excludes is of all before it
        foreach (var name in parts)
        {
            if (mayPart && batch.Count > 0 && (length + name.Length > MostNames || batch.Count == most))
            {
                yield return string.Join(',', batch);
                batch.Clear();
                length = 0;
            }
            batch.Add(name);
            length += name.Length + 1;
        }
        if (batch.Count > 0) yield return string.Join(',', batch);
    }

    /// <summary>The refusal of a request that came by a channel.</summary>
    /// <param name="what">What it does not do: "refuses documents for stix_v4".</param>
    /// <param name="status">Its status.</param>
    /// <param name="answer">Its beginning is told.</param>
    public ProblemException Refusal(string what, HttpStatusCode status, ReadOnlyMemory<byte> answer) => Catalogue.SearchRefused.Throwable(
        string.Create(CultureInfo.InvariantCulture, $"{Place} {what} (HTTP {(int)status}): {Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, Told)])}."));

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var answer = await AskAsync(method, path, body, cancellation);
        return answer.IsSuccess ? NodeOf(answer) : throw Refusal(method, path, answer);
    }

    private async Task<JsonNode?> TrySendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var answer = await AskAsync(method, path, body, cancellation);
        if (answer.Status == HttpStatusCode.NotFound) return null;
        return answer.IsSuccess ? NodeOf(answer) : throw Refusal(method, path, answer);
    }

    private Task<WebAnswer> AskAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation) =>
        web.SendAsync(method, path, body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString()), patience, cancellation);

    private static JsonNode NodeOf(WebAnswer answer) => answer.Json.RootElement.Clone() switch
    {
        { ValueKind: JsonValueKind.Object } document => JsonObject.Create(document)!,
        { ValueKind: JsonValueKind.Array } list => JsonArray.Create(list)!,
        var value => JsonValue.Create(value) is { } scalar ? scalar : new JsonObject(),
    };

    private ProblemException Refusal(HttpMethod method, string path, WebAnswer answer)
    {
        var error = answer.Json.RootElement.ValueKind == JsonValueKind.Object && answer.Json.RootElement.TryGetProperty("error", out var told) ? told : default;
        if (error.ValueKind != JsonValueKind.Object) return web.Refusal(answer, Short(path));
        var (type, reason) = (Excerpt.Of(Text(error, "type"), ToldPath), Excerpt.Of(string.Join(": ", Reasons(error)), ToldReason));
        var what = string.Create(CultureInfo.InvariantCulture, $"{Place} refuses {method.Method} {Short(path)}: {reason.TrimEnd('.')} ({type}, HTTP {(int)answer.Status}).");
        // A cluster that is starting has a block as well (HTTP 503), which goes by itself.
        if (type == Block && answer.Status is HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests) return Catalogue.SearchBlocked.Throwable(what);
        return answer.Status == HttpStatusCode.Forbidden
            ? Catalogue.WebAuthentication.Throwable(what, "Give the user of the profile this right (/usr/share/doc/holdfast/search.md lists those that are needed), or name another user.")
            : Catalogue.SearchRefused.Throwable(what);
    }

    private static string Short(string path) => Excerpt.Of(path.Split('?')[0], ToldPath);

    /// <summary>The reason, with what it was caused by: the first one often says only what failed.</summary>
    public static IReadOnlyList<string> Reasons(JsonElement error)
    {
        var reasons = new List<string>();
        for (var at = error; at.ValueKind == JsonValueKind.Object; at = at.TryGetProperty("caused_by", out var cause) ? cause : default)
            if (Text(at, "reason") is { Length: > 0 } reason && !reasons.Contains(reason)) reasons.Add(reason);
        return reasons;
    }

    /// <summary>A text of an answer; empty when it is not there.</summary>
    public static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
