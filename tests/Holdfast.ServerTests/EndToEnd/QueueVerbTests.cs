using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>`holdfast queues` of the published binary on a real Redis.</summary>
public sealed class QueueVerbTests(ITestOutputHelper output)
{
    [Fact]
    public async Task An_archive_empties_the_queues_and_a_restore_fills_them_once()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(300);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);

        var archived = (await queues.Scene.RunAsync("queues", "archive", "--yes", "--json")).Succeeded();
        Assert.Equal(603, Last(archived)["messages"]!.GetValue<long>());
        Assert.Empty(await queues.IdsAsync());
        Assert.DoesNotContain("scene", (await queues.Scene.RunAsync("points", "list")).Succeeded().Output, StringComparison.Ordinal);

        await queues.Scene.FailsAsync(Catalogue.Unconfirmed, "queues", "restore");
        Assert.Empty(await queues.IdsAsync());
        (await queues.Scene.RunAsync("queues", "restore", "--yes", Last(archived)["archive"]!.GetValue<string>()[..8])).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());
        await queues.Redis.CallAsync("FLUSHALL");
        (await queues.Scene.RunAsync("queues", "restore", "--yes")).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());

        var again = (await queues.Scene.RunAsync("queues", "restore", "--yes")).Succeeded();
        Assert.Contains(Catalogue.QueueRestored.Code, again.Errors, StringComparison.Ordinal);
        Assert.Equal(expected, await queues.IdsAsync());
        await queues.Scene.CheckAsync();
    }

    [Fact]
    public async Task One_queue_is_archived_and_the_others_stay()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(100);

        (await queues.Scene.RunAsync("queues", "archive", "plain", "--yes")).Succeeded();

        Assert.Equal((0, 80, 1), (await queues.Redis.CountAsync("LLEN", "plain"), await queues.Redis.CountAsync("LLEN", "work"), await queues.Redis.CountAsync("HLEN", "unacked")));
    }

    [Fact]
    public async Task A_point_holds_what_waits_and_a_restore_brings_it_back()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(200);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        (await queues.Scene.RunAsync("backup")).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());
        await queues.Redis.CallAsync("FLUSHALL");

        (await queues.Scene.RunAsync("restore", "--yes")).Succeeded();

        Assert.Equal(expected, await queues.IdsAsync());
    }

    [Fact]
    public async Task Nothing_is_deleted_or_archived_unasked()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(100);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        await queues.Scene.FailsAsync(Catalogue.Unconfirmed, "queues", "archive");
        await queues.Scene.FailsAsync(Catalogue.Unconfirmed, "queues", "delete");
        await queues.Scene.FailsAsync(Catalogue.Unconfirmed, "queues", "delete", "--without-archive");
        await queues.Scene.FailsAsync(Catalogue.Unconfirmed, "queues", "delete", "--yes-lose-messages");
        (await queues.Scene.RunAsync("queues", "archive", "--plan")).Succeeded();
        await queues.Scene.FailsAsync(Catalogue.QueueNone, "queues", "archive", "wrok", "--yes");
        await queues.Scene.FailsAsync(Catalogue.QueueNone, "queues", "list", "--broker", "mian");
        await queues.Scene.FailsAsync(Catalogue.PointMissing, "queues", "restore", "--yes");
        await queues.Scene.FailsAsync(Catalogue.QueueBusy, "queues", "wait", "--timeout", "1s");
        Assert.Equal(expected, await queues.IdsAsync());

        (await queues.Scene.RunAsync("queues", "delete", "work", "--without-archive", "--yes-lose-messages")).Succeeded();
        Assert.Equal((0, 0, 100), (await queues.Redis.CountAsync("LLEN", "work"), await queues.Redis.CountAsync("LLEN", "work\x06\x16" + "6"), await queues.Redis.CountAsync("LLEN", "plain")));
    }

    [Fact]
    public async Task A_redis_that_dies_in_the_middle_of_an_archive_has_every_message_after_recovery()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(50_000, bytes: 500);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        var archive = queues.Scene.RunAsync("queues", "archive", "--yes");
        await Eventually.HoldsAsync("the archive has begun", async () => archive.IsCompleted || (await queues.LeftoversAsync()).Count > 0);
        await queues.Redis.KillAsync();

        var result = await archive;
        Assert.Equal((int)ExitCode.Unreachable, result.ExitCode);
        Assert.Contains("HF-UNDO-FAILED", result.Errors, StringComparison.Ordinal);
        await queues.Redis.StartServerAsync();
        (await queues.Scene.RunAsync("recover")).Succeeded();

        Assert.Empty(await queues.LeftoversAsync());
        Assert.Equal(expected, await queues.IdsAsync());
    }

    /// <summary>The messages are 800 MB; the bound is what the repository's buffers and a lazy collector have taken at most, on a busy machine.</summary>
    [Fact]
    public async Task A_hundred_thousand_messages_are_not_held_in_memory()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(50_000, bytes: 8000);

        var archiving = await PeakAsync(queues, "archive", "--yes");
        var restoring = await PeakAsync(queues, "restore", "--yes");

        output.WriteLine($"archive {archiving >> 10} MiB, restore {restoring >> 10} MiB");
        Assert.InRange(archiving, 1, 500 << 10);
        Assert.InRange(restoring, 1, 500 << 10);
        Assert.Equal(50_000, await queues.Redis.CountAsync("LLEN", "plain"));
    }

    /// <summary>The most memory that the program had, in KiB, as the kernel tells it.</summary>
    private static async Task<long> PeakAsync(QueueScene queues, params string[] words)
    {
        using var process = queues.Scene.Start(["queues", .. words]);
        process.StandardInput.Close();
        var reading = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var peak = 0L;
        await Eventually.HoldsAsync("the program has ended", () =>
        {
            peak = Math.Max(peak, Peak(process.Id));
            return reading.IsCompleted;
        });
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, string.Concat(await reading));
        return peak;
    }

    private static long Peak(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it has just ended
        }
    }

    private static JsonNode Last(CommandResult result) => JsonNode.Parse(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
}
