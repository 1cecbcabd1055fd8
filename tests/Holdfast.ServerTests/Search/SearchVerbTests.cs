using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>The published program on a real engine and a real database, with either of them killed.</summary>
[Collection(SearchEnginesCollection.Name)]
public sealed class SearchVerbTests(SearchEngines engines)
{
    private const string Indices = """
        documents:
          source: { SOURCE }
          mapping: { properties: { n: { type: integer }, text: { type: text } } }
          settings: { number_of_replicas: 0 }
        """;

    [Fact]
    public async Task Building_syncing_and_migrating_from_the_command_line()
    {
        var (shop, scene) = await BeginAsync("opensearch", 3000);
        using (shop)
        using (scene)
        {
            (await scene.RunAsync("search", "reindex", "documents")).Succeeded();
            Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
            await scene.FailsAsync(Catalogue.SearchIndex, "search", "reindex", "docments");
            await scene.FailsAsync(Catalogue.SearchDelegate, "search", "reindex", "documents", "--delegate");

            await shop.QueryAsync("UPDATE documents SET version = 2, text = 'new' WHERE n <= 5");
            var dry = Event((await scene.RunAsync("search", "sync", "--dry-run", "--json")).Succeeded().Output, "search_synced");
            Assert.Equal((5, 0, true), ((int)dry["outdated"]!, (int)dry["written"]!, (bool)dry["dry_run"]!));
            Assert.Equal(5, (int)Event((await scene.RunAsync("search", "sync", "--json")).Succeeded().Output, "search_synced")["written"]!);
            Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());

            // Silence is success.
            var silent = (await scene.RunAsync("search", "migrate")).Succeeded();
            Assert.Equal("", silent.Output + silent.Errors);
            Rewrite(scene, "type: integer", "type: long");
            Assert.Contains("field n: integer -> long (needs a new index)", (await scene.RunAsync("search", "migrate", "--plan")).Succeeded().Output, StringComparison.Ordinal);
            var detached = (await scene.RunAsync("search", "migrate", "--detach", "--json")).Succeeded();
            var run = (string)Event(detached.Output, "run")["run_id"]!;
            (await scene.RunAsync("runs", "follow", run)).Succeeded();
            Assert.Equal("documents_v2", await shop.LedAsync());
            Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());
            Assert.Equal("", (await scene.RunAsync("search", "migrate")).Succeeded().Output);
            (await scene.RunAsync("search", "recovery")).Succeeded();
            Assert.Contains("can write snapshots", (await scene.RunAsync("search", "prepare")).Succeeded().Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Failed_packages_are_listed_with_those_that_have_no_status_and_tried_again()
    {
        var (shop, scene) = await BeginAsync("opensearch", 0);
        using (shop)
        using (scene)
        {
            await shop.QueryAsync("CREATE TABLE blob (id bigint PRIMARY KEY, processing_status text, message text); INSERT INTO blob VALUES (1, 'success', NULL), (2, 'failed', 'no XML'), (3, NULL, NULL), (4, 'pending', NULL), (5, 'failed', 'it''s \"bad\"')");
            await scene.FailsAsync(Catalogue.PackagesUnset, "packages", "failed");
            File.AppendAllText(scene.Profile, $"\npackages:\n  database: {shop.Database}\n  failed: SELECT id, processing_status, message FROM blob WHERE processing_status IS NULL OR processing_status NOT IN ('success', 'pending') ORDER BY id\n  retry: {{ sql: \"UPDATE blob SET processing_status = CASE WHEN id = 5 THEN 'failed' ELSE 'pending' END WHERE id IN ({{ids}})\" }}\n");
            var listed = (await scene.RunAsync("packages", "failed", "--json")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Where(line => (string?)line["event"] == "package").ToList();
            Assert.Equal("2 3 5", string.Join(' ', listed.Select(package => (string?)package["id"])));
            Assert.Equal("""{"id":"3"}""", listed[1]["values"]!.ToJsonString());
            Assert.Equal("it's \"bad\"", (string?)listed[2]["values"]!["message"]);
            await scene.FailsAsync(Catalogue.Unconfirmed, "packages", "retry");
            await scene.FailsAsync(Catalogue.PackagesUnset, "packages", "retry", "4", "--yes");
            var retried = Event((await scene.RunAsync("packages", "retry", "--yes", "--json")).Succeeded().Output, "packages_retried");
            Assert.Equal(("""["2","3"]""", """["5"]"""), (retried["changed"]!.ToJsonString(), retried["failed"]!.ToJsonString()));
        }
    }

    /// <summary>Ours is killed at instants all over a build; the next run ends it, and all that is in the index is right.</summary>
    [Fact]
    public async Task A_killed_build_is_gone_on_with()
    {
        var (shop, scene) = await BeginAsync("opensearch", 60_000);
        using (shop)
        using (scene)
        {
            var killed = 0;
            foreach (var after in new[] { 300, 800, 1500 })
            {
                using var process = scene.Start("search", "reindex", "documents");
                await Task.Delay(after, ShopIndices.Cancellation);
                if (process.HasExited) continue;
                process.Kill();
                await process.WaitForExitAsync(ShopIndices.Cancellation);
                killed++;
            }
            Assert.True(killed > 0, "Every build was quicker than its kill.");
            (await scene.RunAsync("search", "reindex", "documents")).Succeeded();
            Assert.Equal(60_000, (long)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!);
            Assert.Equal(0, (int)Event((await scene.RunAsync("search", "sync", "--dry-run", "--json")).Succeeded().Output, "search_synced")["missing"]!);
        }
    }

    [Fact]
    public async Task An_engine_that_is_killed_under_a_build_and_a_migration_leaves_the_old_index_in_use()
    {
        var (shop, scene) = await BeginAsync("opensearch", 40_000);
        using (shop)
        using (scene)
        {
            (await scene.RunAsync("search", "reindex", "documents")).Succeeded();
            await KillUnderAsync(shop, scene, "documents_v2", "search", "reindex", "documents");
            Assert.Equal("documents_v1", await shop.LedAsync());
            (await scene.RunAsync("search", "reindex", "documents")).Succeeded();
            Assert.Equal(("documents_v2", 40_000), (await shop.LedAsync(), (long)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!));

            Rewrite(scene, "type: integer", "type: long", "search:\n    - name: main", "search:\n    - name: main\n      requests-per-second: 4000");
            await KillUnderAsync(shop, scene, "documents_v3", "search", "migrate");
            (await scene.RunAsync("recover")).Succeeded();
            Assert.Equal(("documents_v2", "documents_v1 documents_v2"), (await shop.LedAsync(), await SearchRig.IndicesAsync(shop.Engine)));
            Rewrite(scene, "requests-per-second: 4000", "requests-per-second: 400000");
            (await scene.RunAsync("search", "migrate")).Succeeded();
            Assert.Equal(("documents_v3", 40_000), (await shop.LedAsync(), (long)(await shop.Engine.CallAsync(HttpMethod.Get, "/documents/_count"))["count"]!));
            Assert.Equal(0, (int)Event((await scene.RunAsync("search", "sync", "--dry-run", "--json")).Succeeded().Output, "search_synced")["outdated"]!);
        }
    }

    /// <summary>The engine dies once the new index has documents.</summary>
    private static async Task KillUnderAsync(ShopIndices shop, Scene scene, string index, params string[] words)
    {
        using var process = scene.Start(words);
        while (!process.HasExited && !await HasDocumentsAsync(shop, index)) await Task.Delay(20, ShopIndices.Cancellation);
        Assert.False(process.HasExited, "It was over before the engine could be killed.");
        await shop.Engine.KillAsync();
        await process.WaitForExitAsync(ShopIndices.Cancellation);
        Assert.NotEqual(0, process.ExitCode);
        await shop.Engine.StartAgainAsync();
    }

    private static async Task<bool> HasDocumentsAsync(ShopIndices shop, string index) =>
        (await shop.Engine.CallAsync(HttpMethod.Get, "/_stats/indexing"))["indices"]?[index]?["primaries"]?["indexing"]?["index_total"] is { } count && (long)count > 0;

    private async Task<(ShopIndices Shop, Scene Scene)> BeginAsync(string kind, int documents)
    {
        HoldfastBinary.Find();
        var shop = await ShopIndices.BeginAsync(engines, kind, documents, Indices);
        var scene = new Scene("shop");
        File.WriteAllText(scene.Profile, shop.ProfileText);
        return (shop, scene);
    }

    private static void Rewrite(Scene scene, params string[] pairs)
    {
        var text = File.ReadAllText(scene.Profile);
        for (var i = 0; i < pairs.Length; i += 2) text = text.Replace(pairs[i], pairs[i + 1], StringComparison.Ordinal);
        File.WriteAllText(scene.Profile, text);
    }

    private static JsonNode Event(string output, string name) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Last(line => (string?)line["event"] == name);
}
