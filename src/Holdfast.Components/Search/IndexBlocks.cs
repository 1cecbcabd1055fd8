using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search;

/// <summary>
/// Blocks that somebody has set on an index, or that the engine has, because a disk was full (read_only_allow_delete). Source: the engines' reference manuals,
/// "Index blocks".
/// </summary>
internal static class IndexBlocks
{
    /// <summary>No document is written.</summary>
    public const string Write = "index.blocks.write";

    private const string FullDisk = "index.blocks.read_only_allow_delete";

    /// <summary>With these neither settings nor aliases can be changed, nor the block of writes be set.</summary>
    public static IReadOnlyList<string> Firm { get; } = ["index.blocks.read_only", FullDisk, "index.blocks.metadata"];

    /// <summary>As the engine answers it, among flat settings.</summary>
    public static bool IsSet(JsonNode? settings, string block) => bool.TryParse(settings?[block]?.ToString(), out var isSet) && isSet;

    /// <summary>What is to be changed, or whose aliases are to be led elsewhere, must not have a block that forbids it.</summary>
    /// <exception cref="ProblemException">It has one.</exception>
    public static Task RefuseAsync(SearchServer server, string index, CancellationToken cancellation) => RefuseAsync(server, index, Firm, cancellation);

    /// <summary>The same for what documents are to be written to.</summary>
    /// <exception cref="ProblemException">It has one.</exception>
    public static Task RefuseWritesAsync(SearchServer server, string index, CancellationToken cancellation) => RefuseAsync(server, index, [.. Firm, Write], cancellation);

    private static async Task RefuseAsync(SearchServer server, string index, IReadOnlyList<string> blocks, CancellationToken cancellation)
    {
        var settings = (await server.FindAsync($"/{SearchServer.Part(index)}/_settings?flat_settings=true", cancellation))?[index]?["settings"];
        if (blocks.FirstOrDefault(block => IsSet(settings, block)) is not { } found) return;
        var lift = $"lift it with PUT {index}/_settings {{\"{found}\": null}}, then run the command again.";
        throw Catalogue.SearchBlocked.Throwable(
            $"{index} of {server.Place} has the block {found}, so it can not be changed, nor its aliases.",
            found == FullDisk ? $"The engine sets it when a disk is nearly full: make room; then {lift}" : $"Find out why it was set; then {lift}");
    }
}
