using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Search.Definitions;

/// <summary>
/// The profile's definition of an index, by the alias that points to it. A setting that the profile lacks is null.
/// </summary>
internal sealed record IndexDefinition(string Alias, ProfilePlace Place)
{
    public DocumentQuery? Source { get; init; }

    /// <summary>The mapping in the form that the engine accepts.</summary>
    public JsonObject? Mapping { get; init; }

    /// <summary>By full names, as "index.number_of_shards".</summary>
    public IReadOnlyDictionary<string, JsonNode?>? Settings { get; init; }

    /// <summary>All aliases, that of the index's own name among them, with what the engine takes for each.</summary>
    public required IReadOnlyDictionary<string, JsonObject> Aliases { get; init; }

    /// <summary>Two definitions with the same one make the same index.</summary>
    public string Fingerprint
    {
        get
        {
            var text = new StringBuilder().Append(Mapping?.ToJsonString()).Append('\n');
            foreach (var (name, value) in Settings ?? new Dictionary<string, JsonNode?>(StringComparer.Ordinal)) text.Append(name).Append('=').Append(value?.ToJsonString()).Append('\n');
            text.Append(Source is null ? "" : $"{Source.Database}\n{Source.Sql}\n{Source.Id}\n{Source.Document}\n{Source.Version}\n{Source.VersionField}");
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
        }
    }
}
