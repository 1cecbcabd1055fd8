using Holdfast.Engine.Problems;
using Holdfast.Engine.Restore;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>One queue of several: restored by its name alone, and left out of backups when a restore has moved it aside.</summary>
public sealed class QueuePartTests
{
    [Fact]
    public async Task Only_the_queue_that_is_named_comes_back_and_what_was_there_is_not_captured_afterwards()
    {
        await using var rig = await BrokerRig.StartAsync();
        rig.Settings = rig.Settings with { Queues = [], Lists = ["mails", "orders"], Keys = ["*"] };
        await rig.Redis.CallAsync("RPUSH", "mails", "a", "b");
        await rig.Redis.CallAsync("RPUSH", "orders", "a", "b");
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("RPUSH", "mails", "c");
        await rig.Redis.CallAsync("RPUSH", "orders", "c");

        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(rig.Component, taken.Point, Asking("queues:letters")));
        Assert.Equal(Catalogue.ComponentUnknown.Code, refused.Problem.Code);
        Assert.Contains("only mails, orders.", refused.Problem.Message, StringComparison.Ordinal);
        var aside = $"holdfast:aside:{rig.RunId}:mails";
        await rig.RestoreAsync(rig.Component, taken.Point, Asking("queues:mails"));
        Assert.Equal((2, 3, 3), (await rig.Redis.CountAsync("LLEN", "mails"), await rig.Redis.CountAsync("LLEN", "orders"), await rig.Redis.CountAsync("LLEN", aside)));

        var next = await rig.CaptureAsync();
        Assert.Equal(["mails", "orders"], Queues(next));
        Assert.Equal(0, next.Record.Counts["keys"]);
        Assert.Equal(("1 key of database 0 (holdfast:aside:*)", true), (Assert.Single(next.Record.Omissions!).What, next.Record.Complete));

        rig.Settings = rig.Settings with { Keys = [aside] };
        Assert.Contains(aside, Queues(await rig.CaptureAsync()));
    }

    private static IEnumerable<string?> Queues(TakenPoint taken) => taken.Record.Details!["queues"]!.AsArray().Select(queue => (string?)queue!["queue"]);

    private static Func<RestoreRequest, RestoreRequest> Asking(string only) => request => request with { Only = [only] };
}
