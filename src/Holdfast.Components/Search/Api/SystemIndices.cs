using System.IO.Enumeration;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Indices that an engine and its tools keep for themselves: users, tasks, licences, caches, jobs. They belong to the
/// cluster, not to the platform; most cannot be restored by their names, and a restore over them would change which
/// users may log in. Those of Kibana and OpenSearch Dashboards are not among them: what users have saved there is data
/// of the platform. Source: the engines' reference manuals, "Feature states" and "System indexes".
/// </summary>
internal static class SystemIndices
{
    /// <summary>No user may write them, and no restore by name succeeds.</summary>
    private static readonly string[] _reserved = [".opendistro_security", ".security*", ".tasks", ".opensearch-*", ".plugins-*", ".ds-ilm-history-*"];

    private static readonly string[] _tools =
    [
        ".geoip_databases*", ".async-search*", ".fleet*", ".ml-*", ".transform-*", ".data-frame-*", ".watches*", ".triggered_watches*", ".watcher-history-*", ".enrich-*", ".apm-*", ".monitoring-*",
        ".ilm-history-*", ".slm-history-*", ".ds-.*", ".snapshot-blob-cache*", ".logstash", ".opendistro-*", ".ql-*", ".connector-*", ".search-app-*", ".synonyms*", ".profiling-*", ".secrets-*", ".inference*",
        ".kibana_task_manager*", ".kibana-event-log*", ".ds-.kibana*", ".deprecation-*", ".query_rules*", ".entities*",
    ];

    /// <summary>Whether no restore may replace the index, even when it is requested by name.</summary>
    public static bool IsReserved(string index) => Fits(_reserved, index);

    /// <summary>
    /// Whether the index belongs to the engine or its tools, so that a profile selects it only by its full name.
    /// </summary>
    public static bool IsOwn(string index) => index.StartsWith('.') && (Fits(_reserved, index) || Fits(_tools, index));

    private static bool Fits(string[] patterns, string index) => Array.Exists(patterns, pattern => FileSystemName.MatchesSimpleExpression(pattern, index, ignoreCase: false));
}
