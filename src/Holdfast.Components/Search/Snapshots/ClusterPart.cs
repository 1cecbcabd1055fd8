using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// A template or an ingest pipeline: objects of a cluster besides its indices, which a restore creates where they are
/// missing.
/// </summary>
/// <param name="Path">The API path of objects of its kind.</param>
/// <param name="Kind">Its kind in words.</param>
/// <param name="Name">Its name.</param>
/// <param name="About">Its definition.</param>
internal sealed record ClusterPart(string Path, string Kind, string Name, JsonNode About)
{
    private const string Pipelines = "/_ingest/pipeline", ComponentTemplates = "/_component_template";

    /// <summary>By key in state.json, in the order in which one may refer to another.</summary>
    private static readonly (string Key, string Path, string Kind, string? Item)[] _kinds =
    [
        (SearchState.Pipelines, Pipelines, "pipeline", null),
        (SearchState.ComponentTemplates, ComponentTemplates, "component template", "component_template"),
        (SearchState.IndexTemplates, "/_index_template", "index template", "index_template"),
        (SearchState.Templates, "/_template", "template", null),
    ];

    /// <summary>The API path of the object.</summary>
    public string Place => $"{Path}/{SearchServer.Part(Name)}";

    /// <summary>Kind and name: "index template logs".</summary>
    public string Title => $"{Kind} {Name}";

    /// <summary>The patterns of indices that it applies to; empty for what applies only where another names it.</summary>
    public IReadOnlyList<string> Patterns =>
        [.. (About["index_patterns"] as JsonArray ?? [About["template"] is JsonValue old ? old.DeepClone() : null]).Select(pattern => pattern?.ToString()).OfType<string>()];

    /// <summary>Whether an engine can be asked for it alone; a name such as "a,b" or "*" means others.</summary>
    public bool IsPlain => PlainName.Is(Name);

    /// <summary>Whether the engine has a pipeline at a place.</summary>
    public static bool IsPipeline(string place) => place.StartsWith($"{Pipelines}/", StringComparison.Ordinal);

    /// <summary>Places in the order in which one may refer to another.</summary>
    public static IEnumerable<KeyValuePair<string, string>> InOrder(IReadOnlyDictionary<string, string> places) =>
        _kinds.SelectMany(kind => places.Where(place => place.Key.StartsWith($"{kind.Path}/", StringComparison.Ordinal)));

    /// <summary>The objects of a recovery point, without the engine's own (".name").</summary>
    public static IReadOnlyList<ClusterPart> Of(JsonObject state) =>
        [.. _kinds.SelectMany(kind => Of(kind, state[kind.Key]).OrderBy(part => part.Name, StringComparer.Ordinal)).Where(part => !part.Name.StartsWith('.'))];

    /// <summary>The objects that the cluster lacks.</summary>
    public static async Task<IReadOnlyList<ClusterPart>> FindMissingAsync(SearchServer server, IReadOnlyList<ClusterPart> parts, CancellationToken cancellation)
    {
        var there = new HashSet<(string, string)>();
        foreach (var kind in _kinds.Where(kind => parts.Any(part => part.Path == kind.Path)))
            there.UnionWith(Of(kind, await server.FindAsync(kind.Path, cancellation)).Select(part => (part.Path, part.Name)));
        return [.. parts.Where(part => !there.Contains((part.Path, part.Name)))];
    }

    /// <summary>Templates that are meant, and what they and indices refer to.</summary>
    /// <param name="parts">All that there are.</param>
    /// <param name="isMeant">Whether a template is meant.</param>
    /// <param name="settings">Settings of indices, which name pipelines.</param>
    public static IReadOnlySet<ClusterPart> Needed(IReadOnlyList<ClusterPart> parts, Func<ClusterPart, bool> isMeant, IEnumerable<JsonNode?> settings)
    {
        var needed = new HashSet<ClusterPart>(ReferenceEqualityComparer.Instance);
        var ahead = new Stack<ClusterPart>(parts.Where(part => part.Patterns.Count > 0 && isMeant(part)));
        foreach (var setting in settings) Refer(setting);
        while (ahead.TryPop(out var part))
            if (needed.Add(part)) Refer(part.About);
        return needed;

        void Refer(JsonNode? node)
        {
            var names = References(node).ToHashSet();
            foreach (var part in parts)
                if (names.Contains((part.Path, part.Name))) ahead.Push(part);
        }
    }

    private static IEnumerable<ClusterPart> Of((string Key, string Path, string Kind, string? Item) kind, JsonNode? answer) => kind.Item is { } item
        ? (answer?[kind.Key] as JsonArray ?? []).Where(entry => entry?[item] is not null).Select(entry => new ClusterPart(kind.Path, kind.Kind, (string)entry!["name"]!, entry[item]!))
        : (answer as JsonObject ?? []).Where(entry => entry.Value is not null).Select(entry => new ClusterPart(kind.Path, kind.Kind, entry.Key, entry.Value!));

    /// <summary>Source: the engines' reference manuals: composed_of of templates; index.default_pipeline and index.final_pipeline; the processor "pipeline".</summary>
    private static IEnumerable<(string Path, string Name)> References(JsonNode? node) => node switch
    {
        JsonArray list => list.SelectMany(References),
        JsonObject entries => entries.SelectMany(entry => Named(entry.Key, entry.Value).Concat(References(entry.Value))),
        _ => [],
    };

    private static IEnumerable<(string Path, string Name)> Named(string key, JsonNode? value) => (key.Split('.')[^1], value) switch
    {
        ("composed_of", JsonArray names) => names.Select(name => (ComponentTemplates, $"{name}")),
        ("default_pipeline" or "final_pipeline", JsonValue name) => [(Pipelines, $"{name}")],
        ("pipeline", JsonObject processor) => [(Pipelines, $"{processor["name"]}")],
        _ => [],
    };
}
