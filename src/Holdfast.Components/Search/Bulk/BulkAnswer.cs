using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;

namespace Holdfast.Components.Search.Bulk;

/// <summary>One document that the engine did not take: its place in the request, the HTTP status of it alone, and the error as JSON.</summary>
internal sealed record BulkFailure(int Position, int Status, string Error)
{
    /// <summary>Another change came first, or its version is not newer.</summary>
    public bool IsConflict => Status == 409;

    /// <summary>Whether the node was overloaded.</summary>
    public bool IsBusy => Status is 429 or 503;
}

/// <summary>
/// Reads the answer to a _bulk request forward: {"errors": true, "items": [{"index": {"status": 400, "error": {...}}}]}. Where "errors" is
/// false, which is nearly always, nothing more is read.
/// </summary>
internal static class BulkAnswer
{
    /// <summary>Leaves out of the answer what is not read.</summary>
    public const string Filter = "filter_path=errors,items.*.status,items.*.error";

    /// <summary>JSON for people: with quotation marks and letters of all languages as they are.</summary>
    public static string Json(JsonNode node)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) node.WriteTo(writer);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <exception cref="JsonException">It is something else.</exception>
    public static IReadOnlyList<BulkFailure> Failures(ReadOnlySpan<byte> answer)
    {
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("errors"u8))
            {
                reader.Read();
                if (!reader.GetBoolean()) return [];
            }
            else if (reader.ValueTextEquals("items"u8))
            {
                reader.Read();
                return Items(ref reader);
            }
            else reader.Skip();
        }
        throw new JsonException("The answer to a bulk request says of no document what became of it.");
    }

    private static List<BulkFailure> Items(ref Utf8JsonReader reader)
    {
        var failures = new List<BulkFailure>();
        for (var position = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; position++)
        {
            reader.Read(); // the name of the action
            reader.Read();
            using var item = JsonDocument.ParseValue(ref reader);
            var status = item.RootElement.GetProperty("status").GetInt32();
            if (item.RootElement.TryGetProperty("error", out var error)) failures.Add(new BulkFailure(position, status, Bounded(error)));
            reader.Read(); // the end of the item
        }
        return failures;
    }

    /// <summary>An error as JSON; of a long one the type, and the beginning of each reason.</summary>
    private static string Bounded(JsonElement error)
    {
        var raw = error.GetRawText();
        if (raw.Length <= Excerpt.Error) return raw;
        if (error.ValueKind != JsonValueKind.Object) return Json(JsonValue.Create(Excerpt.Of(raw, Excerpt.Error)));
        var reasons = SearchServer.Reasons(error).Select(reason => Excerpt.Of(reason, Excerpt.Error / 3));
        return Json(new JsonObject { ["type"] = SearchServer.Text(error, "type"), ["reason"] = Excerpt.Of(string.Join(": ", reasons), Excerpt.Error) });
    }
}
