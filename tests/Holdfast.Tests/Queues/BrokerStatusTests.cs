using Holdfast.Components.Queues.Brokers;
using Xunit;

namespace Holdfast.Tests.Queues;

/// <summary>When a broker counts as idle: anything that is not known to be nothing is something.</summary>
public sealed class BrokerStatusTests
{
    private static readonly QueueName Work = new("work", false);

    [Fact]
    public void Nothing_anywhere_is_idle() => Assert.Equal((true, "idle"), Of(Status()));

    [Fact]
    public void A_message_that_waits_is_work() => Assert.Equal((false, "3 waiting"), Of(Status(queue: new QueueStatus(Work, [(0, 1), (3, 2)], 0, 0))));

    [Fact]
    public void A_task_that_runs_is_work_although_no_message_is_anywhere() => Assert.Equal((false, "2 running"), Of(Status(new WorkersStatus(1, 1, 2, 0, 0, []))));

    [Fact]
    public void What_waits_in_a_workers_memory_is_work() => Assert.Equal((false, "5 in the workers' memory"), Of(Status(new WorkersStatus(1, 1, 0, 2, 3, []))));

    [Fact]
    public void A_worker_that_does_not_answer_is_unknown() => Assert.Equal((false, "unknown: 1 of 2 workers did not answer"), Of(Status(new WorkersStatus(2, 1, 0, 0, 0, []))));

    [Fact]
    public void What_is_taken_without_a_worker_is_told_as_such() =>
        Assert.Equal((false, "1 taken and not acknowledged, 2 due at a later time; no worker is there"), Of(Status(queue: new QueueStatus(Work, [(0, 0)], 1, 2))));

    [Fact]
    public void Messages_of_queues_that_nobody_named_count_too() => Assert.False(Status() with { Elsewhere = 1 } is { IsIdle: true });

    private static (bool, string) Of(BrokerStatus status) => (status.IsIdle, status.Description);

    private static BrokerStatus Status(WorkersStatus? workers = null, QueueStatus? queue = null) =>
        new("main", [queue ?? new QueueStatus(Work, [(0, 0), (3, 0)], 0, 0)], workers ?? WorkersStatus.None, 0, []);
}
