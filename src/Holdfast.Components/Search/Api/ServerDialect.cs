using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// The differences between the engines and their versions; no other class depends on them. Sources: the reference
/// manuals of Elasticsearch 7, 8 and 9, and of OpenSearch 1 to 3 ("Compatibility with earlier versions", "Snapshot and
/// restore").
/// </summary>
internal sealed record ServerDialect
{
    private ServerDialect(string number, bool isOpenSearch)
    {
        var parts = number.Split('-')[0].Split('.');
        (Number, IsOpenSearch) = (number, isOpenSearch);
        (Major, Minor, Patch) = (NumberAt(0), NumberAt(1), NumberAt(2));

        // A part that is not a number, as in 3.0.0-beta1 or in the answer of another program, counts as 0.
        int NumberAt(int at) => at < parts.Length && int.TryParse(parts[at], NumberStyles.None, CultureInfo.InvariantCulture, out var part) ? part : 0;
    }

    /// <summary>The version: "7.10.2".</summary>
    public string Number { get; }

    public bool IsOpenSearch { get; }

    public int Major { get; }

    public int Minor { get; }

    public int Patch { get; }

    /// <summary>The name and version for display.</summary>
    public string Name => $"{(IsOpenSearch ? "OpenSearch" : "Elasticsearch")} {Number}";

    /// <summary>_index_template and _component_template.</summary>
    public bool HasComposableTemplates => IsOpenSearch || Major > 7 || (Major == 7 && Minor >= 8);

    /// <summary>
    /// An alias can be removed from an index only if it points to it ("must_exist"): Elasticsearch from 7.11,
    /// OpenSearch from 2.12.
    /// </summary>
    public bool HasMustExist => IsOpenSearch ? Major > 2 || (Major == 2 && Minor >= 12) : Major > 7 || (Major == 7 && Minor >= 11);

    /// <summary>Snapshots have feature states, which take system indices along with the global state unless none is asked for: Elasticsearch from 7.12.</summary>
    public bool HasFeatureStates => !IsOpenSearch && IsFrom(7, 12);

    /// <summary>An index can have a last pipeline (index.final_pipeline): Elasticsearch from 7.5, and OpenSearch.</summary>
    public bool HasFinalPipeline => IsOpenSearch || IsFrom(7, 5);

    /// <summary>The major version of Elasticsearch that its indices count as: OpenSearch 1 goes on from 7, and each later one by one.</summary>
    private int Generation => IsOpenSearch ? Major + 6 : Major;

    /// <summary>Reads what a server says of itself at its root.</summary>
    /// <exception cref="ProblemException">It is neither.</exception>
    public static async Task<ServerDialect> AskAsync(SearchServer server, CancellationToken cancellation)
    {
        var root = await server.Brief.GetAsync("/", cancellation);
        return root["version"] is JsonObject version && (string?)version["number"] is { } number && number.Length > 0 && char.IsAsciiDigit(number[0])
            ? Of(number, (string?)version["distribution"] == "opensearch")
            : throw Catalogue.WebAnswer.Throwable($"{server.Place} is neither Elasticsearch nor OpenSearch: its root does not say a version.");
    }

    /// <summary>The dialect of a version.</summary>
    public static ServerDialect Of(string number, bool isOpenSearch) => new(number, isOpenSearch);

    /// <summary>
    /// Why this server cannot restore a snapshot of another; null when it can. It cannot restore one of a newer
    /// version, nor one that is more than one major version older; and Elasticsearch restores none of OpenSearch.
    /// </summary>
    public string? WhyNot(ServerDialect source)
    {
        if (source.IsOpenSearch && !IsOpenSearch) return $"{Name} cannot read what {source.Name} has written";
        // OpenSearch took Elasticsearch 7.10 over, and knows nothing of what came later there.
        if (!source.IsOpenSearch && IsOpenSearch && (source.Major > 7 || (source.Major == 7 && source.Minor > 10))) return $"{Name} cannot read what {source.Name} has written: it knows Elasticsearch up to 7.10";
        var isSameLine = source.Generation == Generation && source.IsOpenSearch == IsOpenSearch;
        if (source.Generation > Generation || (isSameLine && (source.Minor, source.Patch).CompareTo((Minor, Patch)) > 0)) return $"{Name} is older than {source.Name}";
        return source.Generation < Generation - 1 ? $"{source.Name} is more than one major version before {Name}" : null;
    }

    /// <summary>The body of a request for a snapshot of indices and the global state, without system indices that were not asked for.</summary>
    /// <param name="indices">Indices and data streams, by their names.</param>
    /// <param name="metadata">Whose it is.</param>
    public JsonObject SnapshotRequest(IReadOnlyList<string> indices, JsonObject metadata)
    {
        var request = new JsonObject
        {
            ["indices"] = string.Join(',', indices), ["include_global_state"] = true, ["partial"] = false, ["ignore_unavailable"] = false,
            ["metadata"] = metadata,
        };
        if (HasFeatureStates) request["feature_states"] = new JsonArray("none");
        return request;
    }

    private bool IsFrom(int major, int minor) => Major > major || (Major == major && Minor >= minor);
}
