using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>The published program removes old WAL: killed at any instant, and while a server archives.</summary>
public sealed class WalRetentionTests(ITestOutputHelper output)
{
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 4, 50);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_at_any_instant_nothing_that_is_promised_is_lost_and_the_next_one_ends_it()
    {
        Require.Root();
        await using var scene = await WithPointsAsync();
        Assert.Equal(0, (await scene.StopAsync()).Item1);
        var plan = await PlanAsync(scene);
        Assert.True((int)plan["removed"]! > 0, plan.ToString());
        var promised = Assert.Single(plan["after"]!.AsArray())!;
        var (copy, began) = (scene.Scene["copy"], DateTime.Now);
        (await Command.RunAsync("cp", ["-a", scene.Scene.Repository, copy])).Succeeded();
        (await scene.Scene.RunAsync("points", "forget", "--yes")).Succeeded();
        var killer = new Killer(Sample.Random("wal retention"), DateTime.Now - began);
        var expected = await ArchivedAsync(scene);
        Assert.Equal((int)plan["kept"]!, expected.Count);
        for (var round = 0; round < Kills; round++)
        {
            (await Command.BashAsync("rm -r \"$1\" && cp -a \"$2\" \"$1\"", scene.Scene.Repository, copy)).Succeeded();
            using (var forget = scene.Scene.Start("points", "forget", "--yes")) await killer.KillAsync(forget);
            (await scene.Scene.RunAsync("repo", "unlock", "--all")).Succeeded();
            await scene.Scene.CheckAsync();
            Assert.Superset(expected, await ArchivedAsync(scene));
            await CanRestoreAsync(scene, promised);
            (await scene.Scene.RunAsync("points", "forget", "--yes")).Succeeded();
            Assert.Equal(expected, await ArchivedAsync(scene));
            Assert.Equal(0, (int)(await PlanAsync(scene))["removed"]!);
        }
        (await scene.Scene.RunAsync("repo", "prune", "--max-unused", "0%")).Succeeded();
        await scene.Scene.CheckAsync();
        await CanRestoreAsync(scene, promised);
        output.WriteLine($"{killer.Killed} of {Kills} removals were killed before their end; seed {Sample.Seed}.");
        Assert.True(killer.Killed > 0, $"None of {Kills} removals was killed before its end; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task A_server_archives_on_while_old_WAL_is_removed()
    {
        Require.Root();
        await using var scene = await WithPointsAsync();
        var removed = (int)(await PlanAsync(scene))["removed"]!;
        var shown = (await scene.Scene.RunAsync("points", "forget", "--plan")).Succeeded().Output;
        output.WriteLine(shown);
        foreach (var expected in new[] { "would be removed: ", "any instant, before: from 20", "any instant, after: from 20" })
            Assert.Contains(expected, shown, StringComparison.Ordinal);
        using var forget = scene.Scene.Start("points", "forget", "--yes", "--json");
        forget.StandardInput.Close();
        var reading = Task.WhenAll(forget.StandardOutput.ReadToEndAsync(Now), forget.StandardError.ReadToEndAsync(Now));
        var last = "";
        do last = await scene.SwitchAsync();
        while (!forget.HasExited);
        var told = await reading;
        Assert.True(forget.ExitCode == 0, told[1]);
        await scene.UntilArchivedAsync(last);
        Assert.Equal("0", await scene.Server.QueryAsync("postgres", "SELECT failed_count FROM pg_stat_archiver"));
        Assert.Equal(removed, (int)Event(told[0])["removed"]!);
        var (exit, status, all) = await scene.StatusAsync();
        Assert.True(exit == 0, all);
        Assert.Equal(last, (string?)status["restorable"]);
        Assert.Equal(0, (await scene.StopAsync()).Item1);
        await scene.Scene.CheckAsync();
    }

    /// <summary>A server that archives, with four recovery points of its files and WAL between them.</summary>
    private static async Task<WalScene> WithPointsAsync()
    {
        var scene = await WalScene.MakeAsync();
        scene.Scene.WriteProfile("scene", $$"""
            postgres:
              - name: main
                method: base
                connection: { host: {{scene.Server.Folder}}, port: {{scene.Server.Port}} }
            """);
        const string retention = "\nretention: { points: { keep-last: 2 }, wal: { window: 0h } }\n";
        await File.AppendAllTextAsync(scene.Scene.Profile, retention, Now);
        await scene.ArchiveAsync();
        var last = "";
        for (var point = 0; point < 4; point++)
        {
            (await scene.Scene.RunAsync("backup")).Succeeded();
            for (var segment = 0; segment < 3; segment++) last = await scene.SwitchAsync();
        }
        await scene.UntilArchivedAsync(last);
        return scene;
    }

    private static async Task<JsonNode> PlanAsync(WalScene scene) =>
        Event((await scene.Scene.RunAsync("points", "forget", "--plan", "--json")).Succeeded().Output);

    private static JsonNode Event(string told) => JsonNode.Parse(
        told.Split('\n').Single(line => line.Contains("\"event\":\"wal_retention\"", StringComparison.Ordinal)))!;

    private static async Task<HashSet<string>> ArchivedAsync(WalScene scene)
    {
        var backend = new LocalBackend(scene.Scene.Repository);
        await using var repository = await Repository.OpenAsync(backend, Scene.Password, cancellation: Now);
        using var catalogue = await WalCatalogue.ReadAsync(repository, "scene", "main", Now);
        return catalogue.Archived.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The plan of a restore to the end of a span looks for all WAL that leads there.</summary>
    private static async Task CanRestoreAsync(WalScene scene, JsonNode span)
    {
        string[] restore = ["restore", (string)span["point"]!, "--to", (string)span["to"]!, "--plan"];
        (await scene.Scene.RunAsync(restore)).Succeeded();
    }
}
