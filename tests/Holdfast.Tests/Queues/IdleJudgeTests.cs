using Holdfast.Components.Queues.Brokers;
using Xunit;

namespace Holdfast.Tests.Queues;

/// <summary>How long a backup waits for queues: as long as something moves, and no longer.</summary>
public sealed class IdleJudgeTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 28, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_backlog_that_nothing_works_off_is_given_up_after_the_stall_timeout() => Assert.Equal((IdleEnd.Stalled, 5), Wait(_ => Status(300)));

    [Fact]
    public void What_moves_is_waited_for_until_the_deadline() => Assert.Equal((IdleEnd.Late, 120), Wait(second => Status(300 - second)));

    [Fact]
    public void A_task_that_runs_is_waited_for_although_nothing_moves() => Assert.Equal((IdleEnd.Late, 120), Wait(_ => Status(300, new WorkersStatus(1, 1, 1, 0, 0, []))));

    [Fact]
    public void A_worker_that_does_not_answer_is_waited_for() => Assert.Equal((IdleEnd.Late, 120), Wait(_ => Status(300, new WorkersStatus(1, 0, 0, 0, 0, []))));

    [Fact]
    public void A_platform_that_is_stopped_is_not_waited_for() => Assert.Equal((IdleEnd.Stalled, 0), Wait(_ => Status(300), stall: 0));

    [Fact]
    public void Idleness_is_seen_twice_also_where_nothing_is_waited_for() => Assert.Equal((IdleEnd.Idle, 1), Wait(_ => Status(0), stall: 0));

    [Fact]
    public void A_list_that_is_not_drained_keeps_nothing_up() => Assert.Equal((IdleEnd.Idle, 1), Wait(_ => Status(300, isDrained: false)));

    [Fact]
    public void A_person_who_waits_waits_to_the_end() => Assert.Equal((IdleEnd.Late, 120), Wait(_ => Status(300), isHopeful: true));

    /// <summary>How it ends, and after how many seconds.</summary>
    private static (IdleEnd End, int Seconds) Wait(Func<int, BrokerStatus> look, int stall = 5, bool isHopeful = false)
    {
        var judge = new IdleJudge(isHopeful, TimeSpan.FromSeconds(stall));
        for (var second = 0; ; second++)
            if (judge.See(look(second), Start.AddSeconds(second), Start.AddSeconds(120)) is { } end) return (end, second);
    }

    private static BrokerStatus Status(long waiting, WorkersStatus? workers = null, bool isDrained = true) =>
        new("main", [new QueueStatus(new QueueName("queue:push", true), [(0, waiting)], 0, 0) { IsDrained = isDrained }], workers ?? WorkersStatus.None, 0, []);
}
