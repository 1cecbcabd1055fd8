using Holdfast.Engine.Checking;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>What a check sees of real Redis and real Celery workers.</summary>
public sealed class QueuesCheckTests
{
    [Fact]
    public async Task Nothing_to_do_and_nobody_to_do_it_passes()
    {
        await using var rig = await BrokerRig.StartAsync();
        var lines = await LinesAsync(rig);
        Assert.Equal([("pending messages", CheckState.Pass, "none"), ("running tasks", CheckState.Pass, "none, and no worker is there")], lines.Select(line => (line.Question, line.State, line.Found)));
    }

    [Fact]
    public async Task Pending_messages_fail_by_queue_also_those_of_plain_lists()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.SendAsync("work", "t", 1, 3);
        await rig.Redis.CallAsync("LPUSH", "plain", "item");
        var line = (await LinesAsync(rig))[0];
        Assert.Equal((CheckState.Fail, "4 waiting: work (3), plain (1)"), (line.State, line.Found));
    }

    [Fact]
    public async Task A_running_task_fails_by_name_and_passes_once_it_has_ended()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.StartWorkerAsync();
        await celery.SendAsync("work", "early", 1, 1, seconds: 6);
        await celery.UntilBegunAsync(1);
        await rig.UntilAsync(status => status.Unacknowledged == 0);
        var line = (await LinesAsync(rig))[1];
        Assert.Equal((CheckState.Fail, "1: plat.nap early1 on w0@test"), (line.State, line.Found));

        await celery.UntilDoneAsync(1);
        await rig.UntilAsync(status => status.IsIdle);
        var lines = await LinesAsync(rig);
        Assert.Equal([CheckState.Pass, CheckState.Pass], lines.Select(line => line.State));
        Assert.Equal("none, say 1 worker", lines[1].Found);
    }

    [Fact]
    public async Task What_is_due_later_is_a_warning()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.StartWorkerAsync();
        await celery.SendAsync("work", "eta", 1, 2, countdown: 3600);
        await rig.UntilAsync(status => status.Unacknowledged == 2);
        var lines = await LinesAsync(rig);
        Assert.Equal([(CheckState.Warn, "2 due at a later time"), (CheckState.Pass, "none, say 1 worker; 2 are due at a later time")], lines.Select(line => (line.State, line.Found)));
    }

    [Fact]
    public async Task A_worker_that_does_not_answer_is_unknown()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { InspectTimeout = TimeSpan.FromSeconds(1) });
        using var celery = rig.Celery();
        var worker = await celery.StartWorkerAsync();
        await CeleryApp.SignalAsync(worker, "STOP");
        var line = (await LinesAsync(rig))[1];
        await CeleryApp.SignalAsync(worker, "CONT");
        Assert.Equal((CheckState.Unknown, "1 of 1 worker did not answer"), (line.State, line.Found));
    }

    [Fact]
    public async Task What_a_killed_worker_had_taken_fails_because_nobody_is_there_for_it()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery(("ACKS_LATE", "1"));
        var worker = await celery.StartWorkerAsync();
        await celery.SendAsync("work", "orphan", 1, 1, seconds: 600);
        await celery.UntilBegunAsync(1);
        await CeleryApp.SignalAsync(worker, "KILL");
        await rig.UntilAsync(status => status.Workers.Listening == 0);
        var line = (await LinesAsync(rig))[0];
        Assert.Equal((CheckState.Fail, "1 taken and not acknowledged; no worker is there for them"), (line.State, line.Found));
    }

    [Fact]
    public async Task A_redis_that_is_gone_is_unknown_once()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.KillAsync();
        Assert.Equal(CheckState.Unknown, Assert.Single(await LinesAsync(rig)).State);
    }

    private static async Task<IReadOnlyList<CheckLine>> LinesAsync(BrokerRig rig) =>
        (await new CheckRun([rig.Component.Check], TimeSpan.FromSeconds(10), TimeProvider.System).RunAsync([], BrokerRig.Cancellation)).Lines;
}
