using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Rows of a real database that a real engine takes for no document: each is kept and named, and the others are written.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class RejectedRowTests(SearchEngines engines)
{
    [Theory]
    [Engines]
    public async Task Rows_of_one_id_are_named_by_a_reindex_and_by_a_sync(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 30, "documents: { source: { database: DATABASE, sql: \"SELECT CASE WHEN n IN (4, 5) THEN 'same' ELSE id END AS id, version, jsonb_build_object('n', n, 'text', text) AS document FROM documents\" } }");
        const string named = "gives several rows of the same id: 'same'.";
        var rejected = await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync());
        Assert.Contains("1 document of documents", rejected.Message, StringComparison.Ordinal);
        Assert.Equal($"The statement {named}", rejected.Details[0]);
        Assert.StartsWith("same: {", rejected.Details[1], StringComparison.Ordinal);

        // The next run goes on, and does not begin to mend what can not be mended.
        var refused = await ReindexTests.RefusedAsync(Catalogue.DocumentSource, () => shop.ReindexAsync());
        Assert.EndsWith(named, refused.Message, StringComparison.Ordinal);

        // One that is newer takes the place of the other: then there is one too few.
        await shop.QueryAsync("UPDATE documents SET version = 2 WHERE n = 5; CREATE INDEX by_n ON documents (n); CLUSTER documents USING by_n");
        var few = await ReindexTests.RefusedAsync(Catalogue.SearchBuild, () => shop.ReindexAsync(request => request with { Afresh = true }));
        Assert.Equal($"The statement {named}", Assert.Single(few.Details));
    }

    [Theory]
    [Engines]
    public async Task A_row_whose_id_or_version_no_engine_takes_is_kept_and_named_and_the_others_are_written(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 50);
        await shop.QueryAsync("INSERT INTO documents SELECT repeat('ü', 257), 1, 51, 'long'; INSERT INTO documents SELECT repeat('x', 70000), 1, 52, 'longer'; INSERT INTO documents SELECT repeat('x', 512), 1, 53, 'fits'; UPDATE documents SET version = -1 WHERE n = 7");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync());
        Assert.Contains("The engine rejected 3 documents of documents", problem.Message, StringComparison.Ordinal);
        Assert.Contains("d-7: \"Its version is '-1', and an engine takes whole numbers from 0 on.\"", problem.Details);
        Assert.Contains(problem.Details, line => line.StartsWith("üüü", StringComparison.Ordinal) && line.Contains("Its id has 514 bytes", StringComparison.Ordinal));
        var kept = Kept(problem);
        Assert.Equal(["d-7", new string('x', 70000), new string('ü', 257)], kept.Select(line => (string)line["action"]!["index"]!["_id"]!).Order(StringComparer.Ordinal));
        Assert.Equal(7, (int)kept.Single(line => (string?)line["action"]!["index"]!["_id"] == "d-7")["document"]!["n"]!);
        Assert.Equal(50, await CountAsync(shop)); // 49, and the one that fits

        // The run that goes on, as a sync does, finds the same.
        Assert.Equal(3, Kept(await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync())).Count);
        await shop.QueryAsync("UPDATE documents SET version = 1 WHERE n = 7; DELETE FROM documents WHERE n IN (51, 52)");
        await shop.ReindexAsync();
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());

        // A document whose version gets bad stays in the index as it was.
        await shop.QueryAsync("UPDATE documents SET version = -5 WHERE n = 8; UPDATE documents SET version = 2, text = 'new' WHERE n = 9; INSERT INTO documents SELECT repeat('y', 513), 1, 54, 'long'");
        Assert.Equal((2, 1), ((await shop.SyncAsync(isDry: true)).Outdated, (await shop.SyncAsync(isDry: true)).Missing));
        Assert.Equal(2, Kept(await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.SyncAsync())).Count);
        Assert.Equal((51, 1, 2), (await CountAsync(shop), await shop.VersionAsync("d-8"), await shop.VersionAsync("d-9")));
    }

    [Fact]
    public async Task A_time_that_is_infinite_is_no_version()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5, "documents: { source: { database: DATABASE, version: updated, sql: \"SELECT id, updated, jsonb_build_object('n', n, 'text', text) AS document FROM documents\" } }");
        await shop.QueryAsync("UPDATE documents SET updated = 'infinity' WHERE n = 2; UPDATE documents SET updated = '1950-01-01' WHERE n = 3");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync());
        Assert.Equal(["d-2", "d-3"], Kept(problem).Select(line => (string)line["action"]!["index"]!["_id"]!).Order(StringComparer.Ordinal));
        Assert.Contains("Its version is 'infinity'", string.Join('\n', problem.Details), StringComparison.Ordinal);
    }

    [Theory]
    [Engines]
    public async Task An_error_that_quotes_a_large_document_is_told_by_its_beginning(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 3, "documents: { mapping: { properties: { n: { type: integer }, text: { type: date } } }, source: { SOURCE } }");
        await shop.QueryAsync("UPDATE documents SET text = 'no date ' || repeat('x', 1000000)");
        var problem = await ReindexTests.RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync());
        Assert.Equal(3, problem.Details.Count);
        Each.Holds(problem.Details, line => Assert.InRange(line.Length, 100, 700));
        Each.Holds(Kept(problem), line =>
        {
            Assert.InRange(line["error"]!.ToJsonString().Length, 100, 700);
            Assert.Contains("failed to parse", (string?)line["error"]!["reason"], StringComparison.Ordinal);
            Assert.Equal(1_000_008, ((string)line["document"]!["text"]!).Length);
        });
    }

    private static List<JsonNode> Kept(Problem problem) => [.. File.ReadAllLines(problem.Message[problem.Message.IndexOf('/', StringComparison.Ordinal)..].TrimEnd('.')).Select(line => JsonNode.Parse(line)!)];

    private static async Task<long> CountAsync(ShopIndices shop)
    {
        await shop.Engine.CallAsync(HttpMethod.Post, "/documents_v1/_refresh");
        return (long)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v1/_count"))["count"]!;
    }
}
