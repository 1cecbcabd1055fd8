using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// A client of an engine's REST API. A refusal becomes a problem with the engine's own reason: {"error": {"type",
/// "reason", "root_cause"}}, the same in Elasticsearch and OpenSearch.
/// </summary>
internal sealed class SearchServer(WebServer web, TimeSpan patience)
{
    /// <summary>The number of bytes of an error response that are reported.</summary>
    private const int Told = 500;

    /// <summary>
    /// The number of indices that one answer describes: a mapping of some thousand fields takes some 100 KiB.
    /// </summary>
    public const int Described = 20;

    /// <summary>
    /// The number of bytes of names in one path: an engine accepts a first line of 4096 bytes
    /// (http.max_initial_line_length).
    /// </summary>
    private const int MostNames = 3000;

    /// <summary>The type of a refusal that is for a block of the index, or of the whole cluster.</summary>
    private const string Block = "cluster_block_exception";

    /// <summary>The number of characters of the engine's reasons that are reported.</summary>
    private const int ToldReason = 2000;

    /// <summary>The number of characters of a path that are reported.</summary>
    private const int ToldPath = 200;

    public SearchServer(WebServer web)
        : this(web, WebServer.Patience)
    {
    }

    /// <summary>
    /// The same server with a timeout of 6 hours, for requests that an engine may answer late: deleting a snapshot of
    /// many files, flushing much data.
    /// </summary>
    public SearchServer Patient => new(web, TimeSpan.FromHours(6));

    /// <summary>
    /// The same server with a timeout of 30 seconds, for requests that an engine answers at once or not at all, such as
    /// its version.
    /// </summary>
    public SearchServer Brief => new(web, TimeSpan.FromSeconds(30));

    /// <summary>The name that an engine has given its cluster, which no other one has; empty when it has none yet.</summary>
    public async Task<string> FindIdentityAsync(CancellationToken cancellation) =>
        (await Brief.GetAsync("/", cancellation))["cluster_uuid"]?.ToString() is { } identity && identity != "_na_" ? identity : "";

    /// <summary>The address of the server, for messages.</summary>
    public string Place => web.Place;

    /// <exception cref="ProblemException">The server refuses the request, or does not answer.</exception>
    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation) => await SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <summary>Reads an object; null when it does not exist (HTTP 404).</summary>
    /// <exception cref="ProblemException">The server refuses the request, or does not answer.</exception>
    public Task<JsonNode?> FindAsync(string path, CancellationToken cancellation) => TrySendAsync(HttpMethod.Get, path, null, cancellation);

    /// <exception cref="ProblemException">The server refuses the request, or does not answer.</exception>
    public Task<JsonNode> PutAsync(string path, JsonNode? body, CancellationToken cancellation) => SendAsync(HttpMethod.Put, path, body, cancellation);

    /// <exception cref="ProblemException">The server refuses the request, or does not answer.</exception>
    public Task<JsonNode> PostAsync(string path, JsonNode? body, CancellationToken cancellation) => SendAsync(HttpMethod.Post, path, body, cancellation);

    /// <summary>Deletes an object; false when it did not exist.</summary>
    /// <exception cref="ProblemException">The server refuses the request, or does not answer.</exception>
    public async Task<bool> DeleteAsync(string path, CancellationToken cancellation) => await TrySendAsync(HttpMethod.Delete, path, null, cancellation) is not null;

    /// <summary>Deletes the objects that a body names; false when they did not exist.</summary>
    /// <exception cref="ProblemException">The server refuses the request, or does not answer.</exception>
    public async Task<bool> DeleteAsync(string path, JsonNode body, CancellationToken cancellation) => await TrySendAsync(HttpMethod.Delete, path, body, cancellation) is not null;

    /// <summary>A connection for many large requests; the caller's to close.</summary>
    public Task<WebChannel> OpenChannelAsync(TimeProvider clock, CancellationToken cancellation) => web.OpenChannelAsync(clock, cancellation);

    /// <summary>Escapes a name as a part of a path.</summary>
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

    /// <summary>The error for a request of a channel that was refused.</summary>
    /// <param name="what">What the server did: "refuses documents for stix_v4".</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="answer">The response; its beginning is reported.</param>
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
