using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Profiles;
using Xunit;

namespace Holdfast.Tests.Queues;

/// <summary>Keys are named as kombu names them.</summary>
public sealed class QueueKeysTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 3)]
    [InlineData(8, 6)]
    [InlineData(9, 9)]
    [InlineData(255, 9)]
    public void A_priority_goes_into_the_largest_step_that_is_not_above_it(int priority, int step) => Assert.Equal(step, new QueueKeys(new QueuesSettings()).Step(priority));

    [Fact]
    public void A_queue_has_a_list_for_each_step_and_the_first_has_no_priority_in_its_name() =>
        Assert.Equal([(0, "x"), (3, "x\x06\x16" + "3"), (6, "x\x06\x16" + "6"), (9, "x\x06\x16" + "9")], new QueueKeys(new QueuesSettings()).Buckets("x"));

    [Fact]
    public void Everything_begins_with_the_prefix_and_the_mailbox_names_the_database()
    {
        var settings = Read("name: a, key-prefix: 'shop:', connection: { database: 4, socket: /run/r.sock, tls: true }, queues: [x], priority-steps: [5, 1], separator: ':', control-exchange: ops, drain-timeout: 90s, inspect-timeout: 2m");
        var keys = new QueueKeys(settings);
        Assert.Equal("shop:/4.ops.pidbox", keys.Mailbox);
        Assert.Equal("reply.ops.pidbox", keys.ReplyExchange);
        Assert.Equal([(1, "shop:x:1"), (5, "shop:x:5")], keys.Buckets("x"));
        Assert.Equal("shop:holdfast:archive:run:x:5", keys.Archived("run", "shop:x:5"));
        Assert.Equal("shop:unacked", keys.Unacked);
        Assert.Equal((TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(2)), (settings.DrainTimeout, settings.InspectTimeout));
        Assert.Equal(("/run/r.sock", RedisTlsVerification.Full), (settings.Connection.Place, settings.Connection.Tls?.Verification));
    }

    [Fact]
    public void What_is_not_said_is_as_kombu_has_it()
    {
        var (read, defaults) = (Read("name: a, queues: [x]"), new QueuesSettings());
        Assert.Equal((defaults.Separator, defaults.ControlExchange, defaults.KeyPrefix, 6379, 0), (read.Separator, read.ControlExchange, read.KeyPrefix, read.Connection.Port, read.Connection.Database));
        Assert.Equal([0, 3, 6, 9], read.PrioritySteps);
        Assert.Null(Read("name: a, queues: [x], connection: { tls: false }").Connection.Tls);
    }

    [Fact]
    public void Two_brokers_of_one_name_are_a_mistake() =>
        Assert.Contains(ProfileReader.FindMistakes("platform: a\ncomponents:\n  queues:\n    - { name: x, queues: [a] }\n    - { name: x, lists: [b] }"), mistake => mistake.ToString().Contains("taken already", StringComparison.Ordinal));

    private static QueuesSettings Read(string item) => QueuesSettings.Read(ProfileReader.Parse($"platform: a\ncomponents: {{ queues: [{{ {item} }}] }}", "a.yaml").Root["components"]["queues"].Items[0]);
}
