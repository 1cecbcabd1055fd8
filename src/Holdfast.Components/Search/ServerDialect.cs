using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search;

/// <summary>
/// What the engines and their versions do differently; nothing else knows. Sources: the reference manuals of Elasticsearch 7, 8 and 9, and of
/// OpenSearch 1 to 3 ("Compatibility with earlier versions", "Snapshot and restore").
/// </summary>
internal sealed record ServerDialect
{
    private ServerDialect(string number, bool isOpenSearch)
    {
        var parts = number.Split('-')[0].Split('.');
        (Number, IsOpenSearch) = (number, isOpenSearch);
        (Major, Minor) = (int.Parse(parts[0], CultureInfo.InvariantCulture), parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
    }

    /// <summary>"7.10.2".</summary>
    public string Number { get; }

    public bool IsOpenSearch { get; }

    public int Major { get; }

    public int Minor { get; }

    /// <summary>As people say it.</summary>
    public string Name => $"{(IsOpenSearch ? "OpenSearch" : "Elasticsearch")} {Number}";

    /// <summary>_index_template and _component_template.</summary>
    public bool HasComposableTemplates => IsOpenSearch || Major > 7 || (Major == 7 && Minor >= 8);

    /// <summary>An alias can be taken from an index only if it leads there ("must_exist"): Elasticsearch from 7.11, OpenSearch from 2.12.</summary>
    public bool HasMustExist => IsOpenSearch ? Major > 2 || (Major == 2 && Minor >= 12) : Major > 7 || (Major == 7 && Minor >= 11);

    /// <summary>The major version of Elasticsearch that its indices count as: OpenSearch 1 goes on from 7, and each later one by one.</summary>
    private int Generation => IsOpenSearch ? Major + 6 : Major;

    /// <summary>Reads what a server says of itself at its root.</summary>
    /// <exception cref="ProblemException">It is neither.</exception>
    public static async Task<ServerDialect> AskAsync(SearchServer server, CancellationToken cancellation)
    {
        var root = await server.GetAsync("/", cancellation);
        return root["version"] is JsonObject version && (string?)version["number"] is { } number && number.Length > 0 && char.IsAsciiDigit(number[0])
            ? Of(number, (string?)version["distribution"] == "opensearch")
            : throw Catalogue.WebAnswer.Throwable($"{server.Place} is neither Elasticsearch nor OpenSearch: its root does not say a version.");
    }

    /// <summary>The dialect of a version.</summary>
    public static ServerDialect Of(string number, bool isOpenSearch) => new(number, isOpenSearch);

    /// <summary>
    /// Why this server can not restore a snapshot of another, or null when it can: not one of a newer version, not one of more than one major
    /// version before, and Elasticsearch none of OpenSearch.
    /// </summary>
    public string? WhyNot(ServerDialect source)
    {
        if (source.IsOpenSearch && !IsOpenSearch) return $"{Name} can not read what {source.Name} has written";
        // OpenSearch took Elasticsearch 7.10 over, and knows nothing of what came later there.
        if (!source.IsOpenSearch && IsOpenSearch && (source.Major > 7 || (source.Major == 7 && source.Minor > 10))) return $"{Name} can not read what {source.Name} has written: it knows Elasticsearch up to 7.10";
        if (source.Generation > Generation || (source.Generation == Generation && source.IsOpenSearch == IsOpenSearch && source.Minor > Minor)) return $"{Name} is older than {source.Name}";
        return source.Generation < Generation - 1 ? $"{source.Name} is more than one major version before {Name}" : null;
    }
}
