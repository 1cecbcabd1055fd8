using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Search.Definitions;

/// <summary>Reads what indices and templates are made of, from the profile and the files that it names. Nothing is read before it is asked for.</summary>
internal sealed class IndexDefinitions(SearchSettings settings, string folder)
{
    /// <summary>The aliases in the order in which the profile names them.</summary>
    public IReadOnlyList<string> Aliases => settings.Made?.Keys ?? [];

    /// <summary>The aliases of indices that are built from a database.</summary>
    public IReadOnlyList<string> SourcedAliases => [.. Aliases.Where(alias => settings.Made![alias].Has("source"))];

    /// <summary>The files that the profile names for mappings, settings and templates: by the path that it gives, and by the full one.</summary>
    public IReadOnlyList<(string Named, string Path)> Files =>
    [
        .. (settings.Made is { } made ? made.Keys.SelectMany(alias => new[] { made[alias].Find("mapping"), made[alias].Find("settings") }) : [])
            .Concat(settings.Templates is { } templates ? templates.Keys.Select(name => templates[name]) : [])
            .OfType<ProfileNode>().Where(node => !node.IsMapping).Select(node => (node.Text, Path.GetFullPath(node.Text, folder))).Distinct(),
    ];

    /// <summary>The definition of an alias.</summary>
    /// <exception cref="ProblemException">The profile does not have it, or one of its files cannot be read.</exception>
    public IndexDefinition Of(string alias)
    {
        if (settings.Made is not { } made || !made.Has(alias))
            throw Catalogue.SearchIndex.Throwable($"The profile does not say what '{alias}' of {settings.Name} is made of.{Spelling.Suggest(alias, [.. Aliases])}", "Describe it under 'indices' of the search component, by the name of the alias.");
        var node = made[alias];
        var aliases = AliasesOf(node.Find("aliases"));
        aliases.TryAdd(alias, []);
        return new IndexDefinition(alias, node.Place)
        {
            Source = node.Find("source") is { } source ? DocumentQuery.Read(source) : null,
            Mapping = node.Find("mapping") is { } mapping ? Read(mapping) : null,
            Settings = node.Find("settings") is { } flat ? FlatSettings.Of(Read(flat)) : null,
            Aliases = aliases,
        };
    }

    /// <summary>The bodies of templates by their names.</summary>
    /// <exception cref="ProblemException">A file cannot be read.</exception>
    public IReadOnlyDictionary<string, JsonObject> Templates() =>
        settings.Templates is { } templates ? templates.Keys.ToDictionary(name => name, name => Read(templates[name]), StringComparer.Ordinal) : new Dictionary<string, JsonObject>(StringComparer.Ordinal);

    private static Dictionary<string, JsonObject> AliasesOf(ProfileNode? node)
    {
        if (node is null) return new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        return node.IsMapping
            ? node.Keys.ToDictionary(alias => alias, alias => (JsonObject)node[alias].ToJson()!, StringComparer.Ordinal)
            : node.Items.ToDictionary(item => item.Text, _ => new JsonObject(), StringComparer.Ordinal);
    }

    private JsonObject Read(ProfileNode node)
    {
        if (node.IsMapping) return (JsonObject)node.ToJson()!;
        var path = Path.GetFullPath(node.Text, folder);
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw Refuse(node, $"The file '{path}' is not a JSON object");
        }
        catch (JsonException broken)
        {
            throw Refuse(node, $"The file '{path}' is no JSON: {broken.Message.TrimEnd('.')}");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Refuse(node, $"The file '{path}' cannot be read: {unreadable.Message.TrimEnd('.')}");
        }
    }

    private static ProblemException Refuse(ProfileNode node, string what) => Catalogue.SearchDefinition.Throwable($"{what} (line {node.Place.Line} of the profile).");
}
