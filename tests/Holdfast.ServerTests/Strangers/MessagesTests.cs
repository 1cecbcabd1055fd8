using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Queues;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Messages that strangers have: large ones, ones that share an id, ones that are alike in everything.</summary>
public sealed class MessagesTests
{
    private const string Fill = """
        for i = 1, 3 do redis.call('LPUSH', 'work', '{"body": "W1sx' .. i .. 'XV0=", "headers": {"id": "same", "task": "x"}, "properties": {"delivery_tag": "d' .. i .. '"}}') end
        for i = 1, 2 do redis.call('LPUSH', 'work', '{"body": "W10=", "headers": {"id": "alike", "task": "x"}, "properties": {"delivery_tag": "d"}}') end
        redis.call('LPUSH', 'work', 'not of celery', 'not of celery')
        """;

    [Fact]
    public async Task Messages_with_one_id_and_messages_that_are_alike_all_come_back_and_each_that_is_there_stands_for_one()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("EVAL", Fill, "0");
        var before = await rig.Redis.CallAsync("LRANGE", "work", "0", "-1");
        var taken = await rig.CaptureAsync();

        await rig.Redis.CallAsync("DEL", "work");
        await rig.RestoreAsync(taken);
        Assert.Equal(before, await rig.Redis.CallAsync("LRANGE", "work", "0", "-1"));

        await rig.Redis.CallAsync("RPOP", "work"); // one of "same" was worked off,
        await rig.Redis.CallAsync("LPOP", "work"); // and one of two that are alike
        await rig.AddAsync(taken, again: true);
        Assert.Equal(7, await rig.Redis.CountAsync("LLEN", "work"));
        Assert.Equal(before.Split('\n').Order(StringComparer.Ordinal), (await rig.Redis.CallAsync("LRANGE", "work", "0", "-1")).Split('\n').Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Large_messages_are_read_and_put_back_in_small_pieces_and_what_is_the_same_is_left_alone()
    {
        await using var rig = await BrokerRig.StartAsync();
        const string fill = "local pad = string.rep('x', 1048576) for i = 1, 300 do redis.call('LPUSH', 'plain', 'small' .. i) end for i = 1, 25 do redis.call('LPUSH', 'plain', i .. pad) end";
        await rig.Redis.CallAsync("EVAL", fill, "0");
        var connector = new RedisConnector(rig.Settings.Connection, new FixedSecret(""), TimeProvider.System);
        await using (var redis = await connector.OpenAsync(BrokerRig.Cancellation))
        {
            var pages = new ListPages(redis, "plain");
            var count = 0;
            await foreach (var _ in pages.ReadAsync(BrokerRig.Cancellation)) count++;
            Assert.Equal(325, count);
            Assert.InRange(pages.LargestPageBytes, 1, 20L << 20);
            Assert.InRange(pages.BytesReadAgain, 0, 25L << 20);
        }

        var before = await rig.Redis.CallAsync("EVAL", Digest, "1", "plain");
        var taken = await rig.CaptureAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal((325, 0), rig.Said.Counted); // nothing was sent
        Assert.DoesNotContain(rig.Said.Notes, note => note.Contains("holdfast:aside:", StringComparison.Ordinal));

        await rig.Redis.CallAsync("LPUSH", "plain", "newer");
        await rig.RestoreAsync(taken, overwrite: true);
        Assert.Equal(before, await rig.Redis.CallAsync("EVAL", Digest, "1", "plain"));
        await rig.Redis.CallAsync("LPUSH", "plain", "newest");
        await rig.AddAsync(taken, again: true);
        Assert.Equal(651, await rig.Redis.CountAsync("LLEN", "plain"));
        Assert.Equal("newest", await rig.Redis.CallAsync("LINDEX", "plain", "0"));
        Assert.Equal("small1", await rig.Redis.CallAsync("LINDEX", "plain", "-1"));
        Assert.Equal("", await rig.Redis.CallAsync("KEYS", "holdfast:[js]*"));
    }

    [Fact]
    public async Task A_key_of_another_type_is_named_and_each_trouble_with_a_password_has_its_own_hint()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("ZADD", "plain", "1", "a");
        var wrong = await Assert.ThrowsAsync<ProblemException>(() => rig.Component.ReadAsync(BrokerRig.Cancellation));
        Assert.Contains("'plain'", wrong.Problem.Message, StringComparison.Ordinal);

        var needless = await PasswordAsync(rig, "needless");
        await rig.Redis.CallAsync("CONFIG", "SET", "requirepass", "right");
        var (missing, refused) = (await PasswordAsync(rig, null), await PasswordAsync(rig, "wrong"));
        Assert.Contains("has no password configured", needless.Message, StringComparison.Ordinal);
        Assert.Contains("--only files", needless.Hint, StringComparison.Ordinal);
        Assert.Contains("asks for a password", missing.Message, StringComparison.Ordinal);
        Assert.Contains("refused the user or the password", refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, new[] { needless.Hint, missing.Hint, refused.Hint }.Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain("needless", needless.Message, StringComparison.Ordinal);
    }

    private static async Task<Problem> PasswordAsync(BrokerRig rig, string? password)
    {
        var settings = rig.Settings.Connection with { Password = password is null ? null : ConnectionTests.Reference };
        var connector = new RedisConnector(settings, new FixedSecret(password ?? ""), TimeProvider.System);
        var failure = await Assert.ThrowsAsync<ProblemException>(() => connector.OpenAsync(BrokerRig.Cancellation));
        Assert.Equal(Catalogue.QueueAuthentication.Code, failure.Problem.Code);
        return failure.Problem;
    }

    private const string Digest = "local d = '' for i = 0, redis.call('LLEN', KEYS[1]) - 1 do d = redis.sha1hex(d .. redis.call('LINDEX', KEYS[1], i)) end return d";
}
