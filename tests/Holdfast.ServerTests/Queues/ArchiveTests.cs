using Holdfast.Components.Queues;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>An archive takes all that it says, or nothing: what others do to Redis between its steps loses no message.</summary>
public sealed class ArchiveTests
{
    private const string Exchange = "events", Binding = "_kombu.binding." + Exchange;

    [Fact]
    public async Task Bindings_that_change_meanwhile_lose_nothing_that_dead_workers_had_taken()
    {
        await using var rig = await BeginAsync();

        var (outcome, messages, lines) = await ArchiveAsync(rig, () => rig.Redis.CallAsync("DEL", Binding));

        Assert.True(outcome.Succeeded, $"{outcome.Problem}");
        Assert.Equal(5, messages);
        Assert.Equal(0, await rig.Redis.CountAsync("EXISTS", "unacked", "work"));
        Assert.Equal(1 + 5, lines.Length);
    }

    [Theory]
    [InlineData("HDEL", "unacked", "tag2")]
    [InlineData("HSET", "unacked", "another", "[{}, \"\", \"work\"]")]
    [InlineData("LPOP", "work")]
    [InlineData("LPUSH", "work", "another")]
    public async Task What_others_do_to_messages_that_were_set_aside_fails_the_archive_and_the_rest_is_put_back(string verb, string key, params string[] rest)
    {
        await using var rig = await BeginAsync();

        var (outcome, _, _) = await ArchiveAsync(rig, async () =>
        {
            var aside = Assert.Single((await rig.Redis.CallAsync("KEYS", $"holdfast:archive:*:{key}")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
            await rig.Redis.CallAsync([verb, aside, .. rest]);
        });

        Assert.Equal(Catalogue.QueueArchive.Code, outcome.Problem?.Code);
        Assert.Equal("", await rig.Redis.CallAsync("KEYS", "holdfast:archive:*"));
        var (lists, taken) = (await rig.Redis.CountAsync("LLEN", "work"), await rig.Redis.CountAsync("HLEN", "unacked"));
        Assert.Equal((verb switch { "LPOP" => 1, "LPUSH" => 3, _ => 2 }, verb == "HDEL" ? 2 : 3), (lists, taken));
    }

    /// <summary>Two messages wait, and three were taken by a worker that is gone, by way of an exchange whose binding alone tells their queue.</summary>
    private static async Task<BrokerRig> BeginAsync()
    {
        var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("LPUSH", "work", "first", "second");
        await rig.Redis.CallAsync("SADD", Binding, "key\x06\x16\x06\x16work");
        for (var number = 1; number <= 3; number++)
        {
            await rig.Redis.CallAsync("HSET", "unacked", $"tag{number}", $$$"""[{"headers": {"id": "t{{{number}}}"}}, "{{{Exchange}}}", "key"]""");
            await rig.Redis.CallAsync("ZADD", "unacked_index", $"{number}", $"tag{number}");
        }
        return rig;
    }

    /// <summary>Archives, with something else done once the messages are set aside. Returns the file of the queue as well.</summary>
    private static async Task<(RunOutcome Outcome, long Messages, string[] File)> ArchiveAsync(BrokerRig rig, Func<Task> meanwhile)
    {
        var component = rig.Component;
        await using var run = await rig.PrepareAsync(component);
        var archive = new QueueArchive(run, Rig.Platform, [component], []);
        var outcome = await run.RunAsync("queues archive", PlanAsync, reads: false, BrokerRig.Cancellation);
        return (outcome, archive.Messages, archive.Snapshot is { } point ? await rig.FileAsync(point, "work") : []);

        async Task<IReadOnlyList<Step>> PlanAsync(CancellationToken cancellation)
        {
            var steps = await archive.PlanAsync(cancellation);
            return [steps[0], new Step { Name = "Meanwhile", Does = "What others do.", Act = (_, _) => meanwhile() }, .. steps.Skip(1)];
        }
    }
}
