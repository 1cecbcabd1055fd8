using System.IO.Enumeration;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Definitions;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Building;

/// <summary>
/// The templates of an engine that give aliases to new indices. Of index templates that match a name the one with the
/// highest priority applies, with its component templates; only where none matches, all matching legacy templates
/// (_template) apply. Source: the engines' reference manuals, "Index templates".
/// </summary>
internal sealed class GivingTemplates
{
    private readonly Dictionary<string, JsonObject> _composable = new(StringComparer.Ordinal), _components = new(StringComparer.Ordinal), _older = new(StringComparer.Ordinal);

    private GivingTemplates()
    {
    }

    /// <summary>Index templates of Elasticsearch 7.8 and OpenSearch have an inner "template", or are composed of others.</summary>
    public static bool IsComposable(JsonObject template) => template.ContainsKey("template") || template.ContainsKey("composed_of");

    /// <summary>
    /// Refuses a template that gives a new index the alias at its creation. The new index would share the alias with
    /// the index in use until it is complete, and no client could write through the alias. Where no index is in use, no
    /// client writes, and the alias is removed from the new index until it is complete.
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="definition">The definition of the index.</param>
    /// <param name="place">The index in use.</param>
    /// <param name="name">The name of the new index.</param>
    /// <param name="coming">Templates that will exist by then, by their names.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">A template gives the index an alias.</exception>
    public static async Task RefuseAsync(SearchServer server, IndexDefinition definition, AliasedIndex place, string name, IReadOnlyDictionary<string, JsonObject> coming, CancellationToken cancellation)
    {
        if (place.Current is not { } current) return;
        var templates = await ReadAsync(server, cancellation);
        foreach (var (template, body) in coming) (IsComposable(body) ? templates._composable : templates._older)[template] = body;
        foreach (var (template, aliases) in templates.Of(name))
            if (aliases.Find(alias => place.IsLed(definition, alias)) is { } given)
                throw Catalogue.SearchAlias.Throwable(
                    $"The template '{template}' gives the alias '{given}' to every new index of a name as {name}, so it would lead to that and to {current} before {name} is whole.",
                    $"Take the alias out of the template '{template}' (of the engine, and of 'templates' in the profile where it stands there): it is led to {name} when that is whole.");
    }

    /// <summary>The templates that apply to a new index of that name, each with the aliases that it gives.</summary>
    private IEnumerable<(string Template, List<string> Aliases)> Of(string index)
    {
        var fitting = _composable.Where(template => Fits(template.Value, index)).OrderByDescending(template => (long?)template.Value["priority"] ?? 0).ToList();
        if (fitting.Count == 0) return _older.Where(template => Fits(template.Value, index)).Select(template => (template.Key, AliasesOf(template.Value)));
        var (name, body) = fitting[0];
        var parts = (body["composed_of"] as JsonArray ?? []).Select(part => (string)part!).Where(_components.ContainsKey).Select(part => (part, AliasesOf(_components[part]["template"])));
        return [(name, AliasesOf(body["template"])), .. parts];
    }

    /// <summary>
    /// Reads the templates. Those that the user lacks the privilege to read are found when the index is created: it has
    /// the alias then.
    /// </summary>
    private static async Task<GivingTemplates> ReadAsync(SearchServer server, CancellationToken cancellation)
    {
        var templates = new GivingTemplates();
        try
        {
            foreach (var (name, body) in await server.GetAsync("/_template", cancellation) as JsonObject ?? []) templates._older[name] = body!.AsObject();
            if (!(await ServerDialect.AskAsync(server, cancellation)).HasComposableTemplates) return templates;
            Add(templates._components, await server.GetAsync("/_component_template", cancellation), "component_template");
            Add(templates._composable, await server.GetAsync("/_index_template", cancellation), "index_template");
        }
        catch (ProblemException forbidden) when (forbidden.Problem.Code == Catalogue.WebAuthentication.Code)
        {
            return templates;
        }
        return templates;
    }

    private static void Add(Dictionary<string, JsonObject> to, JsonNode answer, string item)
    {
        foreach (var entry in answer[$"{item}s"] as JsonArray ?? []) to[(string)entry!["name"]!] = entry[item]!.AsObject();
    }

    /// <summary>One pattern, or a list of them.</summary>
    private static bool Fits(JsonObject template, string index) =>
        (template["index_patterns"] is JsonArray list ? list : [template["index_patterns"]?.DeepClone()]).Any(pattern => pattern is not null && FileSystemName.MatchesSimpleExpression((string)pattern!, index, ignoreCase: false));

    private static List<string> AliasesOf(JsonNode? body) => [.. (body?["aliases"] as JsonObject ?? []).Select(alias => alias.Key)];
}
