using Holdfast.Components.Queues.Brokers;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>What is seen of real Celery workers: what waits, what they have taken, what they run, and when nobody knows.</summary>
public sealed class CeleryTests
{
    [Fact]
    public async Task Priorities_are_counted_apart_and_a_queue_without_messages_is_idle()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        Assert.True((await rig.Component.ReadAsync(BrokerRig.Cancellation)).IsIdle);

        foreach (var priority in new[] { 0, 2, 3, 5, 9 }) await celery.SendAsync("work", $"p{priority}-", 1, 2, priority: priority);

        var work = (await rig.Component.ReadAsync(BrokerRig.Cancellation)).Queues[0];
        Assert.Equal([(0, 4), (3, 4), (6, 0), (9, 2)], work.Waiting);
    }

    [Fact]
    public async Task A_running_task_that_was_acknowledged_early_is_seen_although_redis_knows_nothing_of_it()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.StartWorkerAsync();
        await celery.SendAsync("work", "early", 1, 1, seconds: 3);
        await celery.UntilBegunAsync(1);

        var status = await rig.UntilAsync(status => status.Unacknowledged == 0);

        Assert.Equal(0, status.Waiting);
        Assert.Equal((1, 1, 1), (status.Workers.Listening, status.Workers.Answered, status.Workers.Active));
        Assert.False(status.IsIdle);
        Assert.Contains("plat.nap early1 on w0@test", status.Workers.Running);

        var outcome = await rig.Component.WaitAsync(TimeSpan.FromSeconds(30), _ => { }, BrokerRig.Cancellation);
        Assert.Equal(IdleEnd.Idle, outcome.End);
        Assert.Equal(["early1"], await celery.UntilDoneAsync(1));
    }

    [Fact]
    public async Task Prefetched_messages_and_those_for_a_later_time_are_told_apart()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery(("ACKS_LATE", "1"));
        await celery.StartWorkerAsync();
        await celery.SendAsync("other", "eta", 1, 2, countdown: 3600);
        await rig.UntilAsync(status => status.Unacknowledged == 2);
        await celery.SendAsync("work", "late", 1, 1, seconds: 20);

        var status = await rig.UntilAsync(status => status.Unacknowledged == 3);

        Assert.Equal((1, 0), (status.Queues[0].Prefetched, status.Queues[0].Scheduled));
        Assert.Equal((0, 2), (status.Queues[1].Prefetched, status.Queues[1].Scheduled));
        Assert.InRange(status.EarliestEta!.Value, TimeProvider.System.GetUtcNow().AddSeconds(3000), TimeProvider.System.GetUtcNow().AddSeconds(3700));
        Assert.Contains($"2 due at a later time (the first at {status.EarliestEta.Value.UtcDateTime:yyyy-MM-dd HH:mm}", status.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_workers_have_taken_is_found_under_a_prefix_and_in_another_database()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { KeyPrefix = "shop:", Connection = settings.Connection with { Database = 5 } });
        using var celery = rig.Celery(("ACKS_LATE", "1"), ("PREFIX", "shop:"));
        await celery.StartWorkerAsync();
        await celery.SendAsync("work", "late", 1, 3, seconds: 20);
        await celery.UntilBegunAsync(1);

        var status = await rig.UntilAsync(status => status.Unacknowledged == 1);

        Assert.Equal((1, 2, 1), (status.Workers.Active, status.Waiting, status.Queues[0].Prefetched));
    }

    [Fact]
    public async Task A_stopped_worker_is_unknown_and_never_idle()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { InspectTimeout = TimeSpan.FromSeconds(1), DrainTimeout = TimeSpan.FromSeconds(2) });
        using var celery = rig.Celery();
        var worker = await celery.StartWorkerAsync();
        await CeleryApp.SignalAsync(worker, "STOP");

        var status = await rig.Component.ReadAsync(BrokerRig.Cancellation);
        Assert.Equal((1, 0), (status.Workers.Listening, status.Workers.Answered));
        Assert.False(status.IsIdle);

        var late = await Assert.ThrowsAsync<ProblemException>(rig.DrainAsync);
        Assert.Equal(Catalogue.QueueUnknown.Code, late.Problem.Code);

        await CeleryApp.SignalAsync(worker, "CONT");
        Assert.Equal(IdleEnd.Idle, (await rig.Component.WaitAsync(TimeSpan.FromSeconds(20), _ => { }, BrokerRig.Cancellation)).End);
    }

    [Fact]
    public async Task What_a_killed_worker_had_taken_is_orphaned_and_is_captured()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery(("ACKS_LATE", "1"));
        var worker = await celery.StartWorkerAsync();
        await celery.SendAsync("work", "orphan", 1, 1, seconds: 600, priority: 6);
        await celery.UntilBegunAsync(1);
        await CeleryApp.SignalAsync(worker, "KILL");

        var status = await rig.UntilAsync(status => status.Workers.Listening == 0);
        Assert.True(status.HasOrphans);
        Assert.False(status.IsIdle);

        var taken = await rig.CaptureAsync(drains: true);
        Assert.Equal(Catalogue.QueueLeft.Code, Assert.Single(rig.Said.Warnings).Code);
        Assert.Contains("\"state\":\"prefetched\"", (await rig.FileAsync(taken.Point, "work"))[1], StringComparison.Ordinal);

        await rig.Redis.CallAsync("FLUSHALL");
        await rig.RestoreAsync(taken);
        Assert.Contains("orphan1", await rig.Redis.CallAsync("LRANGE", "work\x06\x16" + "6", "0", "-1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_drain_waits_for_the_workers_and_the_point_is_empty()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.SendAsync("work", "t", 1, 20, seconds: 0.05);
        await celery.StartWorkerAsync();

        var taken = await rig.CaptureAsync(drains: true);

        Assert.Equal(20, (await celery.UntilDoneAsync(20)).Count);
        Assert.Empty(rig.Said.Warnings);
        Assert.Equal(0, taken.Record.Counts["messages"]);
    }

    [Fact]
    public async Task A_task_that_still_runs_at_the_deadline_ends_the_window()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { DrainTimeout = TimeSpan.FromSeconds(2) });
        using var celery = rig.Celery();
        await celery.StartWorkerAsync();
        await celery.SendAsync("work", "long", 1, 1, seconds: 60);
        await celery.UntilBegunAsync(1);

        var late = await Assert.ThrowsAsync<ProblemException>(rig.DrainAsync);

        Assert.Equal(Catalogue.QueueBusy.Code, late.Problem.Code);
        Assert.Contains("long1", late.Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_tasks_that_end_are_outlasted_although_others_begin_all_the_while()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { DrainTimeout = TimeSpan.FromSeconds(1) });
        using var celery = rig.Celery();
        await celery.SendAsync("work", "t", 1, 200, seconds: 0.6);
        await celery.StartWorkerAsync(concurrency: 8);
        await celery.UntilBegunAsync(8);

        await rig.CaptureAsync(drains: true);

        Assert.InRange((await rig.Component.ReadAsync(BrokerRig.Cancellation)).Workers.Running.Count, 6, 8);
        Assert.Equal(Catalogue.QueueLeft.Code, Assert.Single(rig.Said.Warnings).Code);
    }

    [Fact]
    public async Task The_drain_does_not_wait_for_what_is_due_after_its_deadline()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { DrainTimeout = TimeSpan.FromMinutes(10) });
        using var celery = rig.Celery();
        await celery.StartWorkerAsync();
        await celery.SendAsync("work", "eta", 1, 3, countdown: 3600);
        await rig.UntilAsync(status => status.Unacknowledged == 3);

        var taken = await rig.CaptureAsync(drains: true);

        Assert.Equal(Catalogue.QueueLeft.Code, Assert.Single(rig.Said.Warnings).Code);
        Assert.Equal(3, taken.Record.Counts["work"]);
        Each.Holds((await rig.FileAsync(taken.Point, "work"))[1..], line => Assert.Contains("\"state\":\"scheduled\"", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("shop:", "0,1,2,3,4,5,6,7,8,9", 3)]
    public async Task Messages_that_were_put_back_are_done_by_workers_each_once(string prefix, string steps, int database)
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with
        {
            KeyPrefix = prefix, PrioritySteps = steps.Length == 0 ? settings.PrioritySteps : [.. steps.Split(',').Select(int.Parse)],
            Connection = settings.Connection with { Database = database },
        });
        using var celery = rig.Celery(("PREFIX", prefix), ("STEPS", steps));
        for (var priority = 0; priority < 10; priority++) await celery.SendAsync("work", $"p{priority}-", 1, 3, priority: priority);
        await celery.SendAsync("other", "eta", 1, 2, countdown: 2);
        Assert.Equal(32, (await rig.Component.ReadAsync(BrokerRig.Cancellation)).Waiting);
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("FLUSHALL");

        await rig.RestoreAsync(taken);
        await celery.StartWorkerAsync();

        var done = await celery.UntilDoneAsync(32);
        Assert.Equal(32, done.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["p0-1", "p0-2", "p0-3"], done.Where(tag => tag.StartsWith('p')).Take(3));
        Assert.Equal(IdleEnd.Idle, (await rig.Component.WaitAsync(TimeSpan.FromSeconds(30), _ => { }, BrokerRig.Cancellation)).End);
    }
}
