using System.Diagnostics;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>
/// kill -9 at random instants of `queues archive` and `queues restore`: every message is there once, in a queue or in an archive that
/// puts it back. HOLDFAST_KILLS sets how many times, HOLDFAST_SEED when.
/// </summary>
public sealed class QueueKillTests(ITestOutputHelper output)
{
    private const int Messages = 20_000;
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 4, 50);

    [Fact]
    public async Task Killed_while_archiving_no_message_is_lost_or_doubled()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(Messages);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        var killer = new Killer(Sample.Random("QueueKillTests"), await TimeAsync(queues, "archive", "--yes"));
        Assert.Empty(await queues.IdsAsync());
        (await RestoreAsync(queues)).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());

        var archived = 0;
        for (var round = 0; round < Kills; round++)
        {
            using (var archive = queues.Scene.Start("queues", "archive", "--yes")) await killer.KillAsync(archive);

            (await queues.Scene.RunAsync("recover")).Succeeded();

            Assert.Empty(await queues.LeftoversAsync());
            var left = await queues.IdsAsync();
            Assert.True(left.Count == 0 || left.SequenceEqual(expected), $"{left.Count} of {expected.Count} messages are in the queues; seed {Sample.Seed}, round {round}.");
            archived += left.Count == 0 ? 1 : 0;
            (await RestoreAsync(queues)).Succeeded();
            Assert.Equal(expected, await queues.IdsAsync());
        }
        await queues.Scene.CheckAsync();
        output.WriteLine($"{killer.Killed} of {Kills} archives were killed before their end, {archived} were whole all the same; seed {Sample.Seed}.");
        Assert.True(killer.Killed > Kills / 3, $"Only {killer.Killed} of {Kills} archives were still running when they were killed; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task Killed_while_restoring_no_message_is_lost_or_doubled()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(Messages);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
        var killer = new Killer(Sample.Random("restore"), await TimeAsync(queues, "restore", "--yes"));
        for (var round = 0; round < Kills; round++)
        {
            (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
            Assert.Empty(await queues.IdsAsync());
            using (var restore = queues.Scene.Start("queues", "restore", "--yes")) await killer.KillAsync(restore);

            (await queues.Scene.RunAsync("recover")).Succeeded();
            Assert.Empty(await queues.LeftoversAsync());
            (await RestoreAsync(queues)).Succeeded();
            Assert.Equal(expected, await queues.IdsAsync());
        }
        output.WriteLine($"{killer.Killed} of {Kills} restores were killed before their end; seed {Sample.Seed}.");
        Assert.True(killer.Killed > Kills / 3, $"Only {killer.Killed} of {Kills} restores were still running when they were killed; seed {Sample.Seed}.");
    }

    private static Task<CommandResult> RestoreAsync(QueueScene queues) => queues.Scene.RunAsync("queues", "restore", "--yes");

    private static async Task<TimeSpan> TimeAsync(QueueScene queues, params string[] words)
    {
        var watch = Stopwatch.StartNew();
        (await queues.Scene.RunAsync(["queues", .. words])).Succeeded();
        return watch.Elapsed;
    }
}
