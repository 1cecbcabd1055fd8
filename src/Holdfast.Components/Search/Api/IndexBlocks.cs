using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Blocks that an administrator has set on an index, or that the engine has set because a disk was full
/// (read_only_allow_delete). Source: the engines' reference manuals, "Index blocks".
/// </summary>
internal static class IndexBlocks
{
    /// <summary>The block of document writes.</summary>
    public const string Write = "index.blocks.write";

    private const string FullDisk = "index.blocks.read_only_allow_delete", ReadOnly = "index.blocks.read_only", Metadata = "index.blocks.metadata", Read = "index.blocks.read";

    /// <summary>With these neither settings nor aliases can be changed, nor the block of writes be set.</summary>
    public static IReadOnlyList<string> Firm { get; } = [ReadOnly, FullDisk, Metadata];

    /// <summary>
    /// Blocks that a restore leaves out: with them no alias could be set, no document counted, and the restore not be
    /// undone.
    /// </summary>
    public static IReadOnlyList<string> Lifted { get; } = [ReadOnly, FullDisk, Metadata, Read];

    /// <summary>The blocks of an index in the snapshot.</summary>
    /// <param name="settings">Flat settings.</param>
    public static IEnumerable<string> Of(JsonNode? settings) => Lifted.Append(Write).Where(block => IsSet(settings, block));

    /// <summary>
    /// Sets the blocks that a restore has left out, except those that the engine itself had set because a disk was
    /// full.
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="index">The index, restored and with its aliases.</param>
    /// <param name="settings">Its flat settings at the snapshot.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <returns>The blocks that were set.</returns>
    public static async Task<IReadOnlyList<string>> SetAgainAsync(SearchServer server, string index, JsonNode? settings, CancellationToken cancellation)
    {
        // All at once: each of them forbids to set another.
        var blocks = new[] { Read, ReadOnly, Metadata }.Where(block => IsSet(settings, block)).ToList();
        if (blocks.Count > 0) await server.PutAsync($"/{SearchServer.Part(index)}/_settings", new JsonObject(blocks.Select(block => KeyValuePair.Create(block, (JsonNode?)true))), cancellation);
        return blocks;
    }

    /// <summary>
    /// Removes the blocks that forbid changing or deleting an index. Each block is removed by a request of its own: the
    /// engine refuses a request with two settings.
    /// </summary>
    /// <param name="server">The cluster.</param>
    /// <param name="index">The index.</param>
    /// <param name="settings">Its current flat settings.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    public static async Task LiftAsync(SearchServer server, string index, JsonNode? settings, CancellationToken cancellation)
    {
        foreach (var block in new[] { Metadata, ReadOnly }.Where(block => IsSet(settings, block)))
            await server.PutAsync($"/{SearchServer.Part(index)}/_settings", new JsonObject { [block] = null }, cancellation);
    }

    /// <summary>
    /// Whether the error of a document is due to the block that an engine sets when a disk is nearly full, and that
    /// stays until there is space: it has the status of a busy engine (429). Source: "disk usage exceeded flood-stage
    /// watermark" in both engines' ClusterBlock of IndexMetadata.
    /// </summary>
    public static bool IsFullDisk(string error) =>
        error.Contains("cluster_block_exception", StringComparison.Ordinal) && error.Contains("read-only-allow-delete", StringComparison.Ordinal);

    /// <summary>Whether a block is set, by flat settings as the engine returns them.</summary>
    public static bool IsSet(JsonNode? settings, string block) => bool.TryParse(settings?[block]?.ToString(), out var isSet) && isSet;

    /// <summary>
    /// Refuses an index that is to be changed, or whose aliases are to be moved, when a block forbids it.
    /// </summary>
    /// <exception cref="ProblemException">The index has such a block.</exception>
    public static Task RefuseAsync(SearchServer server, string index, CancellationToken cancellation) => RefuseAsync(server, index, Firm, cancellation);

    /// <summary>Refuses an index that documents are to be written to when a block forbids it.</summary>
    /// <exception cref="ProblemException">The index has such a block.</exception>
    public static Task RefuseWritesAsync(SearchServer server, string index, CancellationToken cancellation) => RefuseAsync(server, index, [.. Firm, Write], cancellation);

    private static async Task RefuseAsync(SearchServer server, string index, IReadOnlyList<string> blocks, CancellationToken cancellation)
    {
        var settings = (await server.FindAsync($"/{SearchServer.Part(index)}/_settings?flat_settings=true", cancellation))?[index]?["settings"];
        if (blocks.FirstOrDefault(block => IsSet(settings, block)) is not { } found) return;
        var lift = $"lift it with PUT {index}/_settings {{\"{found}\": null}}, then run the command again.";
        throw Catalogue.SearchBlocked.Throwable(
            $"{index} of {server.Place} has the block {found}, so it cannot be changed, nor its aliases.",
            found == FullDisk ? $"The engine sets it when a disk is nearly full: make room; then {lift}" : $"Find out why it was set; then {lift}");
    }
}
