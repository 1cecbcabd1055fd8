using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>Indices of real engines, built from a real database.</summary>
[Collection(BuildingEnginesCollection.Name)]
public sealed class ReindexTests(SearchEngines engines)
{
    private const string Mapped = """
        documents:
          mapping: { dynamic: strict, properties: { n: { type: integer }, text: { type: text } } }
          settings: { number_of_shards: 2, index: { refresh_interval: 5s } }
          aliases: [everything]
          source: { SOURCE }
        """;

    [Theory]
    [Engines(Secure = true)]
    public async Task An_index_is_built_beside_the_one_in_use_and_replaces_it_in_one_change(string kind)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, kind, 2500, Mapped);
        await shop.ReindexAsync();
        Assert.Equal(("documents_v1", "documents_v1"), (await shop.LedAsync(), await shop.LedAsync("everything")));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());

        await shop.QueryAsync("UPDATE documents SET version = 7, text = 'changed' WHERE id IN ('d-3', 'd-4'); DELETE FROM documents WHERE id = 'd-5'");
        await shop.ReindexAsync();
        Assert.Equal(("documents_v2", "documents_v2"), (await shop.LedAsync(), await shop.LedAsync("everything")));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
        Assert.Equal((1, 7), (await shop.VersionAsync("d-1"), await shop.VersionAsync("d-3")));
        Assert.Equal(2500, (long)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v1/_count"))["count"]!); // kept until told
        var settings = (await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v2/_settings?flat_settings=true"))["documents_v2"]!["settings"]!;
        Assert.Equal(("2", "5s", null), ((string?)settings["index.number_of_shards"], (string?)settings["index.refresh_interval"], (string?)settings["index.translog.durability"]));

        await shop.ReindexAsync(request => request with { DropOld = true });
        Assert.Equal(("documents_v3", "documents_v1 documents_v3"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
    }

    [Fact]
    public async Task What_was_replaced_can_be_deleted_later_unless_an_alias_leads_to_it_or_it_is_newer()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "elasticsearch", 10);
        for (var round = 0; round < 4; round++) await shop.ReindexAsync();
        foreach (var other in new[] { "documents_v9", "documents_vx", "documents_v1x", "documents_v" }) await shop.Engine.CallAsync(HttpMethod.Put, $"/{other}");
        await shop.Engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"add":{"index":"documents_v2","alias":"archive"}}]}""");
        await shop.Engine.CallAsync(HttpMethod.Post, "/documents_v1/_close");
        var steps = await shop.Component.PlanDropOldAsync(shop.Request(), ShopIndices.Cancellation);
        Assert.Equal(["Delete documents_v1", "Delete documents_v3"], steps.Select(step => step.Name));
        Each.Holds(steps, step => Assert.True(step.Destroys));
        await shop.Engine.CallAsync(HttpMethod.Post, "/_aliases", """{"actions":[{"add":{"index":"documents_v3","alias":"late"}}]}""");
        await shop.ActAsync(steps.Take(1));
        await RefusedAsync(Catalogue.SearchAlias, () => shop.ActAsync(steps.Skip(1)));
        Assert.Equal("documents_v documents_v1x documents_v2 documents_v3 documents_v4 documents_v9 documents_vx", await SearchRig.IndicesAsync(shop.Engine));
    }

    [Fact]
    public async Task Without_a_mapping_in_the_profile_the_new_index_is_as_the_old_one_was()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 100);
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents_old", """{"settings":{"number_of_shards":3,"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"keyword"}}},"aliases":{"documents":{},"few":{"filter":{"term":{"n":"3"}}}}}""");
        await shop.ReindexAsync();
        var made = (await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v1?flat_settings=true"))["documents_v1"]!;
        Assert.Equal(("keyword", "3"), ((string?)made["mappings"]!["properties"]!["n"]!["type"], (string?)made["settings"]!["index.number_of_shards"]));
        Assert.Equal("""{"term":{"n":"3"}}""", made["aliases"]!["few"]!["filter"]!.ToJsonString());
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
    }

    [Fact]
    public async Task Documents_that_the_mapping_rejects_are_kept_and_the_next_run_goes_on_where_this_one_ended()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "elasticsearch", 3000, Mapped);
        await shop.ReindexAsync();
        await shop.QueryAsync("ALTER TABLE documents ALTER n TYPE text; UPDATE documents SET n = 'many', version = 2 WHERE id IN ('d-7', 'd-8')");
        var problem = await RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync());
        var file = problem.Message[(problem.Message.IndexOf('/', StringComparison.Ordinal))..].TrimEnd('.');
        var lines = File.ReadAllLines(file);
        Assert.Equal(2, lines.Length);
        var kept = JsonNode.Parse(lines[0])!;
        Assert.StartsWith("d-", (string?)kept["action"]!["index"]!["_id"], StringComparison.Ordinal);
        Assert.Equal("many", (string?)kept["document"]!["n"]);
        Assert.Contains("mapper_parsing_exception", kept["error"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal("documents_v1", await shop.LedAsync());

        await shop.QueryAsync("UPDATE documents SET n = '4', version = 3 WHERE n = 'many'");
        await shop.ReindexAsync();
        Assert.Equal(("documents_v2", "documents_v1 documents_v2"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
        Assert.Contains(shop.Said.Notes, note => note.StartsWith("Of 3000 documents 2998 were in documents_v2 already; 2 were written", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_engine_that_is_too_busy_gets_everything_in_the_end()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "elasticsearch", 0);
        await shop.QueryAsync("INSERT INTO documents SELECT 'd-' || g, 1, g, repeat(md5(g::text), 120) FROM generate_series(1, 8000) g");
        await shop.ReindexAsync();
        Assert.Contains(shop.Said.Notes, note => note.Contains("was too busy", StringComparison.Ordinal));
        Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
    }

    [Theory]
    [InlineData("SELECT version, '{}'::jsonb AS document FROM documents", "The statement on line 12 of the profile has no column 'id' ('id' of the source); it has version, document.")]
    [InlineData("SELECT id, 'x' AS version, '{}'::jsonb AS document FROM documents", "The statement on line 12 of the profile has the column 'version' for versions, which is of type text, not a whole number or a time.")]
    [InlineData("SELECT id, version, text AS document FROM documents", "The statement on line 12 of the profile has the column 'document' for documents, which is of type text, not json or jsonb.")]
    [InlineData("SELECT id, id, version, '{}'::jsonb AS document FROM documents", "The statement on line 12 of the profile has two columns 'id'.")]
    [InlineData("SELECT id FROM nowhere", "The statement on line 12 of the profile cannot be used: relation \"nowhere\" does not exist [42P01]")]
    public async Task A_statement_that_can_not_be_used_is_refused_by_its_line_before_anything_is_made(string sql, string message)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 1, $"documents: {{ source: {{ database: DATABASE, sql: \"{sql}\" }} }}");
        Assert.Equal(message, (await RefusedAsync(Catalogue.DocumentSource, () => shop.ReindexAsync())).Message);
        Assert.Equal("", await SearchRig.IndicesAsync(shop.Engine));
    }

    [Theory]
    [InlineData("SELECT CASE WHEN id <> 'd-3' THEN id END AS id, version, '{}'::jsonb AS document FROM documents", "has a row whose 'id' is NULL or empty")]
    [InlineData("SELECT id, CASE WHEN id <> 'd-3' THEN version END AS version, '{}'::jsonb AS document FROM documents", "has a row whose 'version' is NULL: that of the id 'd-3'")]
    [InlineData("SELECT id, version, CASE WHEN id <> 'd-3' THEN '{}'::jsonb END AS document FROM documents", "has a row whose 'document' is NULL: that of the id 'd-3'")]
    [InlineData("SELECT id, version, ('{}'::jsonb) AS document FROM documents WHERE 1 / (n - 3) < 9", "division by zero")]
    public async Task A_row_that_is_no_document_ends_the_run_and_no_alias_is_led_to_what_is_not_whole(string sql, string message)
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5, $"documents: {{ source: {{ database: DATABASE, sql: \"{sql}\" }} }}");
        Assert.Contains(message, (await RefusedAsync(Catalogue.DocumentSource, () => shop.ReindexAsync())).Message, StringComparison.Ordinal);
        Assert.Empty((await shop.Engine.CallAsync(HttpMethod.Get, "/documents_v1/_alias"))["documents_v1"]!["aliases"]!.AsObject());
    }

    [Fact]
    public async Task An_id_that_comes_twice_is_rejected()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5, "documents: { source: { database: DATABASE, sql: \"SELECT 'same' AS id, version, '{}'::json AS document FROM documents\" } }");
        var problem = await RefusedAsync(Catalogue.SearchRejected, () => shop.ReindexAsync());
        Assert.Contains("4 documents of documents", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alias_of_two_indices_and_an_index_in_place_of_an_alias_are_refused()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5);
        await shop.Engine.CallAsync(HttpMethod.Put, "/a", """{"aliases":{"documents":{}}}""");
        await shop.Engine.CallAsync(HttpMethod.Put, "/b", """{"aliases":{"documents":{}}}""");
        Assert.Contains("leads to 2 indices: a, b", (await RefusedAsync(Catalogue.SearchAlias, () => shop.ReindexAsync())).Message, StringComparison.Ordinal);
        await shop.Engine.CallAsync(HttpMethod.Delete, "/a,b");
        await shop.Engine.CallAsync(HttpMethod.Put, "/documents");
        Assert.Contains("is an index, not an alias", (await RefusedAsync(Catalogue.SearchAlias, () => shop.ReindexAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_refuses_the_mapping_says_why()
    {
        await using var shop = await ShopIndices.BeginAsync(engines, "opensearch", 5, "documents: { mapping: { properties: { n: { type: no-such } } }, source: { SOURCE } }");
        var problem = await RefusedAsync(Catalogue.SearchDefinition, () => shop.ReindexAsync());
        Assert.Contains("on line 12 of the profile", problem.Message, StringComparison.Ordinal);
        Assert.Contains("no-such", problem.Message, StringComparison.Ordinal);
    }

    internal static async Task<Problem> RefusedAsync(ProblemKind kind, Func<Task> act)
    {
        var problem = (await Assert.ThrowsAsync<ProblemException>(act)).Problem;
        Assert.True(problem.Code == kind.Code, $"{kind.Code} was expected: {problem}");
        return problem;
    }
}
