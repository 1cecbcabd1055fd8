using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Components.Queues.Restore;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Queues;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>A database as Sidekiq's: lists by a pattern, and keys of every type beside them.</summary>
public sealed class KeysTests
{
    private const string Fill = """
        for i = 1, 300 do redis.call('LPUSH', 'queue:push', 'push' .. i) end
        redis.call('LPUSH', 'queue:mail', 'a', 'b')
        redis.call('SET', 'queue:paused', 'no list')
        redis.call('SADD', 'queues', 'push', 'mail')
        for i = 1, 500 do redis.call('ZADD', 'schedule', i, 'job' .. i) end
        redis.call('ZADD', 'retry', 1.5, 'again')
        redis.call('HSET', 'host:1:slow', 'beat', '1') redis.call('PEXPIRE', 'host:1:slow', 3600000)
        redis.call('SET', 'stat:processed', '123456')
        redis.call('SET', 'stat:\255\0\254', '\0\255')
        redis.call('RPUSH', 'stat:list', 'x') redis.call('RPUSH', 'stat:brief', 'x') redis.call('PEXPIRE', 'stat:brief', 3600000)
        redis.call('XADD', 'events', '1-1', 'a', 'b') redis.call('XGROUP', 'CREATE', 'events', 'g', '0') redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'events', '>')
        for i = 1, 40 do redis.call('SET', 'cache:' .. i, 'x') redis.call('ZADD', 'feed:' .. i, i, i) end
        redis.call('SET', 'celery-task-meta-1', 'result')
        redis.call('SADD', '_kombu.binding.celery', 'x')
        redis.call('SET', 'odd*name', 'literal')
        """;

    /// <summary>Every key with its value and whether it expires, as the server itself sees them.</summary>
    private const string Digest = """
        local all = {}
        for _, key in ipairs(redis.call('KEYS', '*')) do
          local value
          if redis.call('TYPE', key).ok == 'set' then value = redis.call('SMEMBERS', key) table.sort(value) value = table.concat(value, ',') else value = redis.call('DUMP', key) end
          if string.sub(key, 1, 9) ~= 'holdfast:' then table.insert(all, redis.sha1hex(key .. value .. (redis.call('PTTL', key) > 0 and 'expires' or ''))) end
        end
        table.sort(all)
        return table.concat(all)
        """;

    private static readonly string[] Left = ["queue:paused", "cache:*", "feed:*", "celery-task-meta-1", "_kombu.binding.celery"];

    [Fact]
    public async Task Keys_of_every_type_and_lists_by_a_pattern_come_back_and_what_nothing_covers_is_counted()
    {
        await using var rig = await StartAsync();
        await rig.Redis.CallAsync("EVAL", Fill, "0");
        var taken = await rig.CaptureAsync(drains: true);
        var warning = Assert.Single(rig.Said.Warnings, warning => warning.Code == Catalogue.QueueUncovered.Code);
        Assert.Contains("41 keys of database 0: 40 zset, 1 string", warning.Message, StringComparison.Ordinal);
        Assert.Contains(taken.Record.Omissions!, omission => omission.What.StartsWith("41 keys", StringComparison.Ordinal));
        Assert.Contains(rig.Said.Notes, note => note.StartsWith("1 results of Celery", StringComparison.Ordinal));
        Assert.Contains(rig.Said.Warnings, left => left.Code == Catalogue.QueueLeft.Code && left.Message.Contains("302 waiting", StringComparison.Ordinal));
        foreach (var pattern in Left) await rig.Redis.CallAsync("EVAL", "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end", "0", pattern);
        var before = await rig.Redis.CallAsync("EVAL", Digest, "0");

        await rig.Redis.CallAsync("FLUSHALL");
        await rig.RestoreAsync(taken);
        Assert.Equal(before, await rig.Redis.CallAsync("EVAL", Digest, "0"));
        Assert.Equal("1", await rig.Redis.CallAsync("EVAL", "return #redis.call('XPENDING', 'events', 'g', '-', '+', 10)", "0"));

        await rig.Redis.CallAsync("ZADD", "retry", "2", "newer");
        await rig.RestoreAsync(taken);
        Assert.Contains(rig.Said.Warnings, done => done.Code == Catalogue.QueueRestored.Code && done.Message.Contains("keys", StringComparison.Ordinal));
        await rig.RestoreAsync(taken, overwrite: true);
        Assert.Equal(before, await rig.Redis.CallAsync("EVAL", Digest, "0"));
        Assert.Equal("", await rig.Redis.CallAsync("KEYS", "holdfast:[sja]*"));
    }

    [Fact]
    public async Task What_is_in_the_way_is_moved_aside_what_is_the_same_stays_and_a_value_that_is_refused_is_named()
    {
        await using var rig = await StartAsync();
        await rig.Redis.CallAsync("EVAL", Fill, "0");
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "retry");
        await rig.Redis.CallAsync("SET", "retry", "another type");
        await rig.Redis.CallAsync("ZADD", "schedule", "1", "newer");
        while (await rig.Redis.CountAsync("EXISTS", "host:1:slow") == 1) await rig.Redis.CallAsync("PEXPIRE", "host:1:slow", "1");

        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(taken, amend: manifest => manifest.Components[0].Details!["keys"]!["payload"] = 77));
        Assert.Equal(Catalogue.QueuePayload.Code, refused.Problem.Code);
        await rig.RestoreAsync(taken);

        Assert.Equal(("1.5", "500"), (await rig.Redis.CallAsync("ZSCORE", "retry", "again"), await rig.Redis.CallAsync("ZCARD", "schedule")));
        Assert.Equal(2, (await rig.Redis.CallAsync("KEYS", "holdfast:aside:*")).Split('\n').Length);
        Assert.Contains(rig.Said.Notes, note => note.StartsWith("What was in 2 keys", StringComparison.Ordinal));
        Assert.True(await rig.Redis.CountAsync("PTTL", "host:1:slow") > 60_000);
    }

    [Fact]
    public async Task A_key_that_has_expired_is_left_out_and_a_value_that_redis_refuses_is_named_and_leaves_nothing_behind()
    {
        await using var rig = await StartAsync();
        await using var redis = await new RedisConnector(rig.Settings.Connection, new FixedSecret(""), TimeProvider.System).OpenAsync(BrokerRig.Cancellation);
        await redis.CallAsync(BrokerRig.Cancellation, "SET", "a", "value");
        var payload = (await redis.CallAsync(BrokerRig.Cancellation, "DUMP", "a")).Bytes!;
        var head = new KeyFileHead("run", "main");

        var restored = await RestoreAsync(new DumpedKey([0xff], "string", 1, payload), isWhole: true);
        Assert.Contains(restored.Notes, note => note.StartsWith("1 keys of main had expired", StringComparison.Ordinal));
        payload[^1] ^= 1;
        var refused = await Assert.ThrowsAsync<ProblemException>(() => RestoreAsync(new DumpedKey([(byte)'a'], "string", 0, payload), isWhole: false));
        Assert.Equal(Catalogue.QueuePayload.Code, refused.Problem.Code);
        Assert.Contains("'a'", refused.Problem.Message, StringComparison.Ordinal);
        Assert.Equal("value", await rig.Redis.CallAsync("GET", "a"));

        Task<RunReport> RestoreAsync(DumpedKey key, bool isWhole)
        {
            var step = new Step
            {
                Name = "Restore a key", Does = "Restores it.",
                Act = (context, token) => new KeyRestore(redis, new QueueKeys(rig.Settings), context, isOverwriting: false)
                    .RunAsync(head, AsyncEnumerable.Repeat(key, 1), isWhole, token),
            };
            return rig.ActAsync(rig.Component, () => Task.FromResult<IReadOnlyList<Step>>([step]));
        }
    }

    /// <summary>Whoever can write to the repository can put anything into a point; here it is one of a profile that names more.</summary>
    [Fact]
    public async Task What_the_profile_does_not_name_is_not_put_back()
    {
        await using var rig = await StartAsync();
        await rig.Redis.CallAsync("EVAL", Fill, "0");
        var taken = await rig.CaptureAsync();
        rig.Settings = rig.Settings with { Lists = ["queue:m*"], Keys = ["retry", "stat:[lp]*"] };
        await rig.Redis.CallAsync("FLUSHALL");
        await rig.Redis.CallAsync("RPUSH", "queue:push", "of another application");
        await rig.RestoreAsync(taken, overwrite: true);
        Assert.Equal(["queue:mail", "queue:push", "retry", "stat:list", "stat:processed"], await KeysAsync());
        Assert.Equal("1", await rig.Redis.CallAsync("LLEN", "queue:push"));
        var foreign = rig.Said.Warnings.Where(warning => warning.Code == Catalogue.QueueForeign.Code).Select(warning => warning.Message).ToList();
        Assert.Equal(2, foreign.Count);
        Assert.Contains(foreign, message => message.Contains("'queue:push'", StringComparison.Ordinal));

        await rig.Redis.CallAsync("FLUSHALL");
        await rig.AddAsync(taken);
        Assert.Equal(["queue:mail", "stat:list"], await KeysAsync());

        async Task<IEnumerable<string>> KeysAsync() =>
            (await rig.Redis.CallAsync("KEYS", "*")).Split('\n').Where(key => !key.StartsWith("holdfast:", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_list_that_fits_a_pattern_and_whose_name_is_not_utf_8_is_captured_and_put_back()
    {
        await using var rig = await BrokerRig.StartAsync(settings => settings with { Queues = [], Lists = ["q:*"] });
        await rig.Redis.CallAsync("EVAL", @"redis.call('RPUSH', 'q:\255\254', 'a', 'b') redis.call('RPUSH', 'q:plain', 'c')", "0");
        var before = await rig.Redis.CallAsync("EVAL", Digest, "0");
        var taken = await rig.CaptureAsync();
        Assert.Empty(taken.Said.Warnings);
        Assert.Equal((1, 1), (taken.Record.Counts["messages"], taken.Record.Counts["keys"]));
        await rig.Redis.CallAsync("FLUSHALL");
        await rig.RestoreAsync(taken);
        Assert.Equal(before, await rig.Redis.CallAsync("EVAL", Digest, "0"));
    }

    private static Task<BrokerRig> StartAsync() => BrokerRig.StartAsync(settings => settings with
    {
        Queues = [], Lists = ["queue:*"], Keys = ["queues", "schedule", "retry", "dead", "host:*", "stat:*", "events", "odd\\*name"], Ignored = ["cache:*"],
        StallTimeout = TimeSpan.FromMilliseconds(300), DrainTimeout = TimeSpan.FromMinutes(10),
    });
}
