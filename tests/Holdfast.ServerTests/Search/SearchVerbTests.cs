using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>The published program on a real engine and a real database, with either of them killed.</summary>
[Collection(AskedEnginesCollection.Name)]
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
        await using (shop)
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
        await using (shop)
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

    [Fact]
    public async Task A_package_is_tried_again_by_the_platforms_own_command_until_one_fails()
    {
        var (shop, scene) = await BeginAsync("opensearch", 0);
        await using (shop)
        using (scene)
        {
            await shop.QueryAsync("CREATE TABLE blob (id bigint PRIMARY KEY, processing_status text); INSERT INTO blob VALUES (1, 'failed'), (2, NULL), (3, 'failed'), (4, 'success')");
            var command = WriteCommand(scene, "ingest", $$"""
                if [ "$1" = --package=3 ] && [ ! -e "{{scene["mended"]}}" ]; then echo "package 3 has no content" >&2; exit 4; fi
                "{{shop.Postgres.Program("psql")}}" -qX -h "{{shop.Postgres.Folder}}" -p {{shop.Postgres.Port}} -U postgres -d {{shop.Database}} -c "UPDATE blob SET processing_status = 'pending' WHERE id = ${1#--package=}"
                """);
            File.AppendAllText(scene.Profile, $"\npackages:\n  database: {shop.Database}\n  failed: SELECT id, processing_status FROM blob WHERE processing_status IS NULL OR processing_status NOT IN ('success', 'pending') ORDER BY id\n  retry: {{ run: [{command}, \"--package={{id}}\"] }}\n");
            Assert.Contains("package 3 has no content", (await scene.FailsAsync(Catalogue.PackagesRetry, "packages", "retry", "--yes")).Errors, StringComparison.Ordinal);
            Assert.Equal("1 pending 2 pending 3 failed 4 success", await StatesAsync());
            File.WriteAllText(scene["mended"], "");
            var retried = Event((await scene.RunAsync("packages", "retry", "--yes", "--json")).Succeeded().Output, "packages_retried");
            Assert.Equal(("""["3"]""", "[]"), (retried["changed"]!.ToJsonString(), retried["failed"]!.ToJsonString()));
            Assert.Equal("1 pending 2 pending 3 pending 4 success", await StatesAsync());

            async Task<string> StatesAsync() => await shop.QueryAsync("SELECT string_agg(id || ' ' || processing_status, ' ' ORDER BY id) FROM blob");
        }
    }

    [Fact]
    public async Task The_platforms_own_command_reindexes_and_when_it_fails_what_it_said_is_told()
    {
        var (shop, scene) = await BeginAsync("opensearch", 0);
        await using (shop)
        using (scene)
        {
            var command = WriteCommand(scene, "platform", $"""
                [ "$*" = "search reindex --index=documents" ] || exit 9
                if [ -e "{scene["broken"]}" ]; then echo "the schema is locked" >&2; exit 3; fi
                echo "reindexing documents"; curl -sf -XPUT "{shop.Engine.Url}/by-the-platform" >/dev/null
                """);
            Rewrite(scene, "search:\n    - name: main", $"search:\n    - name: main\n      delegate: {{ reindex: {{ run: [{command}, search, reindex, \"--index={{index}}\"] }} }}");
            Assert.Contains($"{command} search reindex --index=documents", (await scene.RunAsync("search", "reindex", "documents", "--delegate", "--plan")).Succeeded().Output, StringComparison.Ordinal);
            Assert.Equal("", await SearchRig.IndicesAsync(shop.Engine));
            var done = (await scene.RunAsync("search", "reindex", "documents", "--delegate")).Succeeded();
            Assert.Contains("reindexing documents", done.Output + done.Errors, StringComparison.Ordinal);
            Assert.Equal("by-the-platform", await SearchRig.IndicesAsync(shop.Engine));
            File.WriteAllText(scene["broken"], "");
            Assert.Contains("the schema is locked", (await scene.FailsAsync(Catalogue.SearchDelegate, "search", "reindex", "documents", "--delegate")).Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_restore_that_leaves_the_indices_older_than_the_database_offers_a_sync_which_puts_it_right()
    {
        var (shop, scene) = await BeginAsync("opensearch", 300);
        await using (shop)
        using (scene)
        {
            Rewrite(
                scene, "platform: shop", $"platform: shop\nrepository: {{ path: {scene.Repository}, password: {{ file: {scene.PasswordFile} }} }}",
                "mapping: { properties: { n: { type: integer }, text: { type: text } } }", "mapping: mappings/documents.json");
            var mapping = Path.Combine(Path.GetDirectoryName(scene.Profile)!, "mappings", "documents.json");
            Directory.CreateDirectory(Path.GetDirectoryName(mapping)!);
            File.WriteAllText(mapping, """{ "properties": { "n": { "type": "integer" }, "text": { "type": "text" } } }""");
            (await scene.RunAsync("search", "reindex", "documents")).Succeeded();
            await scene.MakeRepositoryAsync();
            (await scene.RunAsync("backup", "--mode", "online", "--only", "search")).Succeeded();
            await shop.QueryAsync("UPDATE documents SET version = 2, text = 'after the point' WHERE n <= 5; DELETE FROM documents WHERE n = 9");
            (await scene.RunAsync("search", "sync")).Succeeded();

            var restored = (await scene.RunAsync("restore", "--only", "search", "--overwrite", "--yes")).Succeeded();
            Assert.Contains($"[{Catalogue.SearchBehind.Code}]", restored.Errors, StringComparison.Ordinal);
            Assert.Contains("holdfast search sync", restored.Errors, StringComparison.Ordinal);
            Assert.NotEqual(await shop.WantedAsync(), await shop.FoundAsync());
            var synced = Event((await scene.RunAsync("search", "sync", "--json")).Succeeded().Output, "search_synced");
            Assert.Equal((5, 1), ((int)synced["written"]!, (int)synced["deleted"]!));
            Assert.Equal(await shop.WantedAsync(), await shop.FoundAsync());

            // What the profile names beside itself is in the point, below a directory of one's choice.
            var below = (await scene.RunAsync("restore", "--only", "search", "--target", scene["below"], "--yes")).Succeeded();
            Assert.DoesNotContain(Catalogue.SearchBehind.Code, below.Errors, StringComparison.Ordinal);
            Assert.Equal(File.ReadAllText(mapping), File.ReadAllText($"{scene["below"]}/search/main/profile/mappings/documents.json"));
            File.Delete(mapping);
            var lacking = await scene.RunAsync("backup", "--mode", "online", "--only", "search");
            Assert.Equal((0, true), (lacking.ExitCode, lacking.Errors.Contains("'mappings/documents.json', which the profile names for main, is not in the recovery point", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task What_was_replaced_is_shown_and_deleted_only_when_that_is_confirmed()
    {
        var (shop, scene) = await BeginAsync("opensearch", 20);
        await using (shop)
        using (scene)
        {
            Assert.Contains("no index that another one has replaced", (await scene.RunAsync("search", "drop-old")).Succeeded().Output, StringComparison.Ordinal);
            for (var round = 0; round < 3; round++) (await scene.RunAsync("search", "reindex", "documents")).Succeeded();
            Assert.Contains("It has 20 documents", (await scene.RunAsync("search", "drop-old", "--plan")).Succeeded().Output, StringComparison.Ordinal);
            await scene.FailsAsync(Catalogue.Unconfirmed, "search", "drop-old", "documents");
            Assert.Equal("documents_v1 documents_v2 documents_v3", await SearchRig.IndicesAsync(shop.Engine));
            (await scene.RunAsync("search", "drop-old", "--yes")).Succeeded();
            Assert.Equal(("documents_v3", "documents_v3"), (await SearchRig.IndicesAsync(shop.Engine), await shop.LedAsync()));
        }
    }

    /// <summary>Ours is killed at instants all over a build; the next run ends it, and all that is in the index is right.</summary>
    [Fact]
    public async Task A_killed_build_is_gone_on_with()
    {
        var (shop, scene) = await BeginAsync("opensearch", 60_000);
        await using (shop)
        using (scene)
        {
            var killed = 0;
            foreach (var after in new[] { 300, 800, 1500 })
            {
                using var process = scene.Start("search", "reindex", "documents");
                await Eventually.PassAsync(TimeSpan.FromMilliseconds(after), "an instant somewhere in the build");
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
        await using (shop)
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
        await Eventually.HoldsAsync($"{index} has documents", async () => process.HasExited || await HasDocumentsAsync(shop, index));
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

    private static string WriteCommand(Scene scene, string name, string script)
    {
        File.WriteAllText(scene[name], $"#!/bin/bash\n{script}\n");
        File.SetUnixFileMode(scene[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return scene[name];
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
