using System.Text.Json;
using System.Text.Unicode;

namespace Holdfast.Engine.Web;

/// <summary>
/// Parses JSON of a server that may be hostile: the number of values is limited, because each takes many times its
/// bytes in memory; so is the depth; a duplicate name in an object is refused, because parsers disagree on which value
/// counts.
/// </summary>
public static class BoundedJson
{
    /// <summary>
    /// The largest number of values, names and brackets in a document. A listing of 50,000 indices has fewer.
    /// </summary>
    public const int MostTokens = 1_000_000;

    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>Parses a whole document of at most <see cref="MostTokens"/> values and a depth of 64.</summary>
    /// <exception cref="JsonException">It is not JSON, exceeds a limit, or has text that is not Unicode.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> text)
    {
        // The parser does not validate quoted strings; the error would only appear when the string is read.
        if (!Utf8.IsValid(text.Span)) throw new JsonException("It is not UTF-8.");
        var reader = new Utf8JsonReader(text.Span, new JsonReaderOptions { MaxDepth = _options.MaxDepth });
        for (var tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MostTokens) throw new JsonException($"It has more than {MostTokens} values.");
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped) RefuseHalfLetters(ref reader);
        }
        return JsonDocument.Parse(text, _options);
    }

    /// <summary>An escape may be one surrogate of a pair, without the other one.</summary>
    private static void RefuseHalfLetters(ref Utf8JsonReader reader)
    {
        try
        {
            _ = reader.GetString();
        }
        catch (InvalidOperationException half)
        {
            throw new JsonException("It has half of a letter, without the other half.", half);
        }
    }
}
