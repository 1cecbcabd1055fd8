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
    private static readonly int Kills = Number("HOLDFAST_KILLS", 12);
    private static readonly int Seed = Number("HOLDFAST_SEED", Environment.TickCount & 0xFFFF);

    [Fact]
    public async Task Killed_while_archiving_no_message_is_lost_or_doubled()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(Messages);
        var expected = await queues.IdsAsync();
        var length = await TimeAsync(queues, "archive", "--yes");
        Assert.Empty(await queues.IdsAsync());
        (await RestoreAsync(queues)).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());

        var (random, killed, archived) = (new Random(Seed), 0, 0);
        for (var round = 0; round < Kills; round++)
        {
            killed += await KillAsync(queues, random.NextDouble() * length, "archive", "--yes") ? 1 : 0;

            (await queues.Scene.RunAsync("recover")).Succeeded();

            Assert.Empty(await queues.LeftoversAsync());
            var left = await queues.IdsAsync();
            Assert.True(left.Count == 0 || left.SequenceEqual(expected), $"{left.Count} of {expected.Count} messages are in the queues; seed {Seed}, round {round}.");
            archived += left.Count == 0 ? 1 : 0;
            (await RestoreAsync(queues)).Succeeded();
            Assert.Equal(expected, await queues.IdsAsync());
        }
        await queues.Scene.CheckAsync();
        output.WriteLine($"{killed} of {Kills} archives were killed before their end, {archived} were whole all the same; seed {Seed}.");
        Assert.True(killed > Kills / 3, $"Only {killed} of {Kills} archives were still running when they were killed; seed {Seed}.");
    }

    [Fact]
    public async Task Killed_while_restoring_no_message_is_lost_or_doubled()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(Messages);
        var expected = await queues.IdsAsync();
        (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
        var length = await TimeAsync(queues, "restore");
        var (random, killed) = (new Random(Seed + 1), 0);
        for (var round = 0; round < Kills; round++)
        {
            (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
            Assert.Empty(await queues.IdsAsync());
            killed += await KillAsync(queues, random.NextDouble() * length, "restore") ? 1 : 0;

            (await queues.Scene.RunAsync("recover")).Succeeded();
            Assert.Empty(await queues.LeftoversAsync());
            (await RestoreAsync(queues)).Succeeded();
            Assert.Equal(expected, await queues.IdsAsync());
        }
        output.WriteLine($"{killed} of {Kills} restores were killed before their end; seed {Seed}.");
        Assert.True(killed > Kills / 3, $"Only {killed} of {Kills} restores were still running when they were killed; seed {Seed}.");
    }

    private static Task<CommandResult> RestoreAsync(QueueScene queues) => queues.Scene.RunAsync("queues", "restore");

    private static async Task<TimeSpan> TimeAsync(QueueScene queues, params string[] words)
    {
        var watch = Stopwatch.StartNew();
        (await queues.Scene.RunAsync(["queues", .. words])).Succeeded();
        return watch.Elapsed;
    }

    /// <summary>True when the program was still running when it was killed.</summary>
    private static async Task<bool> KillAsync(QueueScene queues, TimeSpan after, params string[] words)
    {
        using var process = queues.Scene.Start(["queues", .. words]);
        process.StandardInput.Close();
        var reading = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await Task.Delay(after);
        process.Kill();
        await process.WaitForExitAsync();
        await reading;
        return process.ExitCode == 128 + 9;
    }

    private static int Number(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var number) ? number : otherwise;
}
