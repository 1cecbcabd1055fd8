using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>What goes wrong beside the queues, and workers that go on meanwhile: no message is lost or doubled by it.</summary>
public sealed class QueueTroubleTests
{
    [Fact]
    public async Task A_repository_that_fills_up_in_the_middle_leaves_every_message_in_its_queue()
    {
        await using var queues = await QueueScene.StartAsync(prepare: async scene =>
        {
            Directory.CreateDirectory(scene.Repository);
            scene.Space = await MountSpace.MakeAsync();
            await scene.Space.MountSmallAsync(scene.Repository, "1m");
        });
        await queues.FillAsync(50_000);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);

        await queues.Scene.FailsAsync(Catalogue.RepositoryFull, "queues", "archive", "--yes");

        Assert.Equal(expected, await queues.IdsAsync());
        Assert.Empty(await queues.LeftoversAsync());
        await queues.Scene.Space!.EnlargeAsync(queues.Scene.Repository, "100m");
        (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
        Assert.Empty(await queues.IdsAsync());
        (await queues.Scene.RunAsync("queues", "restore", "--yes")).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());
    }

    [Fact]
    public async Task A_repository_that_is_read_only_gives_messages_back_and_takes_none()
    {
        await using var queues = await QueueScene.StartAsync();
        await queues.FillAsync(100);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
        queues.Scene.Space = await MountSpace.MakeAsync();
        await queues.Scene.Space.MakeReadOnlyAsync(queues.Scene.Repository);

        (await queues.Scene.RunAsync("queues", "restore", "--yes")).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());

        await queues.Scene.FailsAsync(Catalogue.RepositoryReadOnly, "queues", "archive", "--yes");
        Assert.Equal(expected, await queues.IdsAsync());
    }

    [Fact]
    public async Task The_rights_that_are_documented_are_enough()
    {
        await using var queues = await StartWithDocumentedRightsAsync();
        await queues.FillAsync(100);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);

        (await queues.Scene.RunAsync("backup")).Succeeded();
        (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
        (await queues.Scene.RunAsync("queues", "restore", "--yes")).Succeeded();
        Assert.Equal(expected, await queues.IdsAsync());
        (await queues.Scene.RunAsync("restore", "--yes")).Succeeded();
        (await queues.Scene.RunAsync("queues", "delete", "--without-archive", "--yes-lose-messages")).Succeeded();
        Assert.Empty(await queues.IdsAsync());
    }

    /// <summary>Wherever the right is missed, the messages are in one place afterwards.</summary>
    [Theory]
    [InlineData("set")]
    [InlineData("rename")]
    [InlineData("rpush")]
    [InlineData("del")]
    [InlineData("eval")]
    [InlineData("hget")]
    public async Task A_right_that_is_missing_costs_no_message(string command)
    {
        await using var queues = await StartWithDocumentedRightsAsync();
        await queues.FillAsync(100);
        var expected = await queues.IdsAsync();
        Assert.NotEmpty(expected);
        foreach (var verb in new[] { "archive", "restore" })
        {
            string[] words = ["queues", verb, "--yes"];
            await queues.Redis.CallAsync("ACL", "SETUSER", "holdfast", $"-{command}");
            var result = await queues.Scene.RunAsync(words);
            Assert.True(result.ExitCode is 0 || result.Errors.Contains($"[{Catalogue.QueuePermission.Code}]", StringComparison.Ordinal), $"{result}");
            await queues.Redis.CallAsync("ACL", "SETUSER", "holdfast", $"+{command}");
            (await queues.Scene.RunAsync("recover")).Succeeded();
            if (result.ExitCode != 0) (await queues.Scene.RunAsync(words)).Succeeded();
        }
        Assert.Equal(expected, await queues.IdsAsync());
        Assert.Empty(await queues.LeftoversAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    public async Task Workers_that_go_on_meanwhile_do_every_task_once(string acknowledgesLate)
    {
        await using var queues = await QueueScene.StartAsync();
        using var celery = new CeleryApp($"redis://127.0.0.1:{queues.Redis.Port}/0", "work", ("ACKS_LATE", acknowledgesLate));
        await celery.SendAsync("work", "t", 1, 200, seconds: 0.05);
        await celery.StartWorkerAsync(concurrency: 2);

        for (var round = 0; round < 3; round++)
        {
            await celery.UntilDoneAsync(round * 30);
            (await queues.Scene.RunAsync("queues", "archive", "--yes")).Succeeded();
            (await queues.Scene.RunAsync("queues", "restore", "--yes")).Succeeded();
        }

        (await queues.Scene.RunAsync("queues", "wait", "--timeout", "2m")).Succeeded();
        var done = await celery.UntilDoneAsync(200);
        Assert.Equal(200, done.Count);
        Assert.Equal(200, done.Distinct(StringComparer.Ordinal).Count());
    }

    private static async Task<QueueScene> StartWithDocumentedRightsAsync()
    {
        var queues = await QueueScene.StartAsync(", user: holdfast, password: { env: PATH }");
        var password = Environment.GetEnvironmentVariable("PATH")!; // some secret that the program finds where the test does
        foreach (var line in File.ReadLines(SourceTree.PathOf("docs/queues.md")).Where(line => line.StartsWith("ACL SETUSER", StringComparison.Ordinal)))
            await queues.Redis.CallAsync(line.Split('#')[0].Replace(">PASSWORD", $">{password}", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return queues;
    }
}
