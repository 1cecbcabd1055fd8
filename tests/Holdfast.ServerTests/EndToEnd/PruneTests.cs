using System.Text.Json.Nodes;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>The published program gives room back: as it is told, killed at any instant, and while others back up.</summary>
public sealed class PruneTests(ITestOutputHelper output)
{
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 4, 50);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_room_of_a_forgotten_point_comes_back_and_mistakes_are_told()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 6);
        var tree = await scene.FillAsync(mebibytes: 6);
        (await scene.RunAsync("backup")).Succeeded();
        await ForgetOldestAsync(scene);
        var before = Bytes(scene);
        var planned = (await scene.RunAsync("repo", "prune", "--plan")).Succeeded().Output;
        Assert.Contains("would be freed", planned, StringComparison.Ordinal);
        Assert.Equal(before, Bytes(scene));
        foreach (var wrong in new[] { "--max-unused=101%", "--max-unused=much", "--max-repack-size=-1" })
            Assert.Contains("is no size for", (await scene.RunAsync("repo", "prune", wrong)).Errors, StringComparison.Ordinal);

        var pruned = (await scene.RunAsync("repo", "prune", "--max-unused", "0%", "--json")).Succeeded().Output.Trim().Split('\n');
        var finished = JsonNode.Parse(pruned[^1])!;
        Assert.Equal("prune_finished", (string?)finished["event"]);
        Assert.Equal(before - Bytes(scene), (long)finished["bytes_freed"]!);
        Assert.InRange((long)finished["bytes_freed"]!, 6L << 20, 7L << 20);
        await scene.CheckAsync();
        await scene.NothingIsLostAsync(tree);
        Assert.Contains("Nothing was removed", (await scene.RunAsync("repo", "prune")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_any_instant_nothing_is_lost_and_the_next_prune_ends()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 30);
        var tree = await scene.FillAsync(mebibytes: 1);
        (await scene.RunAsync("backup")).Succeeded();
        var copy = scene["copy"];
        (await Command.RunAsync("cp", ["-a", scene.Repository, copy])).Succeeded();
        var began = DateTime.Now;
        await ForgetOldestAsync(scene);
        (await scene.RunAsync("repo", "prune", "--max-unused", "0%")).Succeeded();
        var killer = new Killer(Sample.Random("prune"), DateTime.Now - began);
        for (var round = 0; round < Kills; round++)
        {
            (await Command.BashAsync("rm -r \"$1\" && cp -a \"$2\" \"$1\"", scene.Repository, copy)).Succeeded();
            await ForgetOldestAsync(scene);
            using (var prune = scene.Start("repo", "prune", "--max-unused", "0%")) await killer.KillAsync(prune);
            (await scene.RunAsync("repo", "unlock", "--all")).Succeeded();
            await scene.CheckAsync();
            (await scene.RunAsync("repo", "prune", "--max-unused", "0%")).Succeeded();
            await scene.CheckAsync();
            if (round == Kills - 1) await scene.NothingIsLostAsync(tree);
        }
        output.WriteLine($"{killer.Killed} of {Kills} prunes were killed before their end; seed {Sample.Seed}.");
        Assert.True(killer.Killed > 0, $"None of {Kills} prunes was still running when it was killed; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task Backups_go_on_while_it_prunes()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 40);
        await scene.FillAsync(mebibytes: 4);
        (await scene.RunAsync("backup")).Succeeded();
        await ForgetOldestAsync(scene);
        using var prune = scene.Start("repo", "prune", "--max-unused", "0%");
        prune.StandardInput.Close();
        var reading = Task.WhenAll(prune.StandardOutput.ReadToEndAsync(Now), prune.StandardError.ReadToEndAsync(Now));
        var backups = 0;
        do
        {
            await scene.FillAsync(mebibytes: 1);
            var backup = await scene.RunAsync("backup");
            Assert.True(backup.ExitCode == 0 || backup.Errors.Contains("HF-REPO-LOCKED", StringComparison.Ordinal), backup.Errors);
            if (backup.ExitCode == 0) backups++;
        }
        while (!prune.HasExited);
        await reading;
        Assert.Equal(0, prune.ExitCode);
        Assert.True(backups > 0);
        output.WriteLine($"{backups} backups beside the prune.");
        await scene.CheckAsync();
        await scene.NothingIsLostAsync(await Tree.ListAsync(scene.Source));
    }

    private static async Task ForgetOldestAsync(Scene scene)
    {
        var oldest = (await scene.RunAsync("points", "list")).Succeeded().Output.Split('\n')[1].Split(' ')[0];
        (await scene.RunAsync("points", "forget", oldest, "--yes")).Succeeded();
    }

    private static long Bytes(Scene scene) =>
        new DirectoryInfo(Path.Combine(scene.Repository, "data")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
