using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>
/// kill -9 at random instants, from before the first line of the program to after its last. Afterwards `recover` and the same
/// command end well, and the stock restic finds nothing wrong. HOLDFAST_KILLS sets how many times, HOLDFAST_SEED when.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 5, 50);

    [Fact]
    public async Task Killed_while_backing_up_nothing_is_lost_and_the_next_run_ends()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 2);
        await scene.FillAsync(mebibytes: 40);
        var killer = new Killer(Sample.Random("KillTests"), await TimeAsync(scene, "backup"));
        var points = 2;
        for (var round = 0; round < Kills; round++)
        {
            var tree = await scene.FillAsync(mebibytes: 40);
            using (var backup = scene.Start("backup")) await killer.KillAsync(backup);

            // Recovery takes the dead process's lock away, which stock restic would stop at.
            (await scene.RunAsync("recover")).Succeeded();
            await scene.CheckAsync();
            var before = await scene.CountPointsAsync();
            Assert.InRange(before, points, points + 1);
            (await scene.RunAsync("backup")).Succeeded();
            points = await scene.CountPointsAsync();
            Assert.Equal(before + 1, points);
            if (round == Kills - 1) await scene.NothingIsLostAsync(tree);
        }
        output.WriteLine($"{killer.Killed} of {Kills} backups were killed before their end; seed {Sample.Seed}.");
        Assert.True(killer.Killed > Kills / 3, $"Only {killer.Killed} of {Kills} backups were still running when they were killed; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task Killed_while_restoring_nothing_is_lost_and_the_next_run_ends()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 100);
        var tree = await Tree.ListAsync(scene.Source);
        var killer = new Killer(Sample.Random("restore"), await TimeAsync(scene, "restore", "--target", scene["first"], "--yes", "--privileged-modes"));
        for (var round = 0; round < Kills; round++)
        {
            var target = scene[$"target-{round}"];
            var mine = target + scene.Source + "/etc/plain";
            Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
            File.WriteAllText(mine, "mine");
            using (var restore = scene.Start("restore", "--target", target, "--yes", "--privileged-modes")) await killer.KillAsync(restore);

            (await scene.RunAsync("recover")).Succeeded();
            (await scene.RunAsync("restore", "--target", target, "--yes", "--privileged-modes")).Succeeded();
            var restored = await Tree.ListAsync(target + scene.Source);
            Each.Holds(tree.Entries.Where(entry => entry.Value.Type == "f"), entry => Assert.Equal(entry.Value with { LinkedTo = "" }, restored.Entries[entry.Key] with { LinkedTo = "" }));
            Assert.Contains(Directory.EnumerateFiles(Path.GetDirectoryName(mine)!, "*plain*"), path => File.ReadAllText(path) == "mine");
            (await Command.RunAsync("rm", ["-rf", target])).Succeeded();
        }
        await scene.CheckAsync();
        output.WriteLine($"{killer.Killed} of {Kills} restores were killed before their end; seed {Sample.Seed}.");
        Assert.True(killer.Killed > Kills / 3, $"Only {killer.Killed} of {Kills} restores were still running when they were killed; seed {Sample.Seed}.");
    }

    /// <summary>How long the command takes on this machine when nobody kills it: the instants are drawn from that.</summary>
    private static async Task<TimeSpan> TimeAsync(Scene scene, params string[] command)
    {
        var began = TimeProvider.System.GetTimestamp();
        (await scene.RunAsync(command)).Succeeded();
        return TimeProvider.System.GetElapsedTime(began);
    }
}
