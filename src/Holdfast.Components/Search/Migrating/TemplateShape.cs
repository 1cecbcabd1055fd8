using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Building;
using Holdfast.Components.Search.Definitions;

namespace Holdfast.Components.Search.Migrating;

/// <summary>A template that there should be, beside the one that is there.</summary>
internal sealed record TemplateShape(string Name, JsonObject Wanted, JsonObject? There)
{
    private bool IsComposable => GivingTemplates.IsComposable(Wanted);

    private string Path => $"/{(IsComposable ? "_index_template" : "_template")}/{SearchServer.Part(Name)}";

    public IReadOnlyList<Difference> Differences => There is null ? [new Difference($"template {Name}", "", Wanted.ToJsonString(), NeedsNew: false)] : [.. Compare(There)];

    public static async Task<TemplateShape> ReadAsync(SearchServer server, string name, JsonObject wanted, CancellationToken cancellation)
    {
        var shape = new TemplateShape(name, wanted, null);
        var found = await server.FindAsync(shape.Path, cancellation);
        return shape with { There = (shape.IsComposable ? found?["index_templates"]?[0]?["index_template"] : found?[name]) as JsonObject };
    }

    public Task<JsonNode> PutAsync(SearchServer server, CancellationToken cancellation) => server.PutAsync(Path, Wanted.DeepClone(), cancellation);

    private IEnumerable<Difference> Compare(JsonObject there)
    {
        foreach (var name in Wanted.Select(entry => entry.Key).Where(name => name is not ("template" or "settings" or "mappings" or "aliases")))
            if (FlatSettings.Text(Wanted[name]) != FlatSettings.Text(there[name])) yield return Of(name, FlatSettings.Text(there[name]), FlatSettings.Text(Wanted[name]));
        var (wanted, have) = IsComposable ? (Wanted["template"] as JsonObject ?? [], there["template"] as JsonObject ?? []) : (Wanted, there);
        var (wantedSettings, haveSettings) = (FlatSettings.Of(wanted["settings"] as JsonObject ?? []), FlatSettings.Of(have["settings"] as JsonObject ?? []));
        foreach (var name in wantedSettings.Keys.Union(haveSettings.Keys, StringComparer.Ordinal))
        {
            var (want, had) = (FlatSettings.Text(wantedSettings.GetValueOrDefault(name)), FlatSettings.Text(haveSettings.GetValueOrDefault(name)));
            if (want != had) yield return Of(name, had, want);
        }
        foreach (var difference in MappingComparison.Of(wanted["mappings"] as JsonObject ?? [], have["mappings"] as JsonObject ?? [])) yield return Of(difference.What, difference.There, difference.Wanted);
        foreach (var (alias, about) in wanted["aliases"] as JsonObject ?? [])
            if (!JsonNode.DeepEquals(about ?? new JsonObject(), have["aliases"]?[alias])) yield return Of($"alias {alias}", have["aliases"]?[alias]?.ToJsonString() ?? "", about?.ToJsonString() ?? "{}");
    }

    private Difference Of(string what, string there, string wanted) => new($"{what} of template {Name}", there, wanted, NeedsNew: false);
}
