using System.Text.Json.Nodes;

namespace Holdfast.Components.Search.MoveAside;

/// <summary>An index that a restore moves aside.</summary>
/// <param name="Index">Its name.</param>
/// <param name="Aside">The name of its copy.</param>
/// <param name="Uuid">What the engine calls it, so that it is not taken for another one of its name.</param>
/// <param name="Created">When the index of the recovery point was made, which is restored in its place.</param>
/// <param name="Settings">Its settings that the copy does not have.</param>
/// <param name="Aliases">Its aliases, which a copy does not have.</param>
internal sealed record MovedAsideIndex(string Index, string Aside, string Uuid, string Created, JsonObject Settings, JsonObject Aliases)
{
    private const string IndexKey = "index", AsideKey = "aside", UuidKey = "uuid", CreatedKey = "created", SettingsKey = "settings", AliasesKey = "aliases";

    /// <summary>The arguments of the undo in the journal.</summary>
    public IReadOnlyDictionary<string, string> Words => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [IndexKey] = Index, [AsideKey] = Aside, [UuidKey] = Uuid, [CreatedKey] = Created, [SettingsKey] = Settings.ToJsonString(), [AliasesKey] = Aliases.ToJsonString(),
    };

    public static MovedAsideIndex Of(IReadOnlyDictionary<string, string> words) => new(
        words[IndexKey], words[AsideKey], words[UuidKey], words[CreatedKey], JsonNode.Parse(words[SettingsKey])!.AsObject(), JsonNode.Parse(words[AliasesKey])!.AsObject());
}
