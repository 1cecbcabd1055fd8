using System.Globalization;
using System.Text.Json;

namespace Holdfast.Engine.Web;

/// <summary>Finds a value in a JSON document. Source: RFC 6901.</summary>
public static class JsonPointer
{
    /// <summary>
    /// The value that the pointer refers to; null when it does not exist. An empty pointer is the whole document.
    /// </summary>
    public static JsonElement? Find(JsonElement document, string pointer)
    {
        var found = document;
        foreach (var part in pointer.Split('/').Skip(1))
        {
            var name = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (found.ValueKind == JsonValueKind.Object && found.TryGetProperty(name, out var value)) found = value;
            else if (found.ValueKind == JsonValueKind.Array && Index(name) is { } index && index < found.GetArrayLength()) found = found[index];
            else return null;
        }
        return found;
    }

    private static int? Index(string name) => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
}
