using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>Copies come back exactly, in order, once; and nothing that is there is lost by it.</summary>
public sealed class PutBackTests
{
    [Fact]
    public async Task Any_bytes_come_back_exactly_and_in_order()
    {
        await using var rig = await BrokerRig.StartAsync();
        // Redis' own Lua writes them, so that no client stands in between.
        const string fill = """
            for i = 0, 255 do redis.call('RPUSH', 'plain', string.char(i, 255 - i, i) .. string.rep('x', i)) end
            redis.call('RPUSH', 'plain', '', 'same', 'same', '{"a": "\\ud83d"}', 'naïve "text" \\ with \0 in it')
            """;
        await rig.Redis.CallAsync("EVAL", fill, "0");
        var before = await rig.Redis.CallAsync("EVAL", Digest, "1", "plain");
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "plain");

        await rig.RestoreAsync(taken);

        Assert.Equal(before, await rig.Redis.CallAsync("EVAL", Digest, "1", "plain"));
        Assert.Equal(261, await rig.Redis.CountAsync("LLEN", "plain"));
    }

    [Fact]
    public async Task Capturing_changes_nothing_in_redis()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.SendAsync("work", "t", 1, 50, priority: 3);
        var before = await rig.Redis.CallAsync("DEBUG", "DIGEST");

        await rig.CaptureAsync();

        Assert.Equal(before, await rig.Redis.CallAsync("DEBUG", "DIGEST"));
    }

    [Fact]
    public async Task A_second_restore_of_the_same_point_does_nothing_and_says_so()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.SendAsync("work", "t", 1, 10);
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "work");
        await rig.RestoreAsync(taken);
        await rig.Redis.CallAsync("DEL", "work"); // as if workers had done them

        await rig.RestoreAsync(taken);

        Assert.Equal(0, await rig.Redis.CountAsync("LLEN", "work"));
        Each.Holds(rig.Said.Warnings, warning => Assert.Equal(Catalogue.QueueRestored.Code, warning.Code));
        Assert.NotEmpty(rig.Said.Warnings);

        await rig.RestoreAsync(taken, overwrite: true);
        Assert.Equal(10, await rig.Redis.CountAsync("LLEN", "work"));
    }

    [Fact]
    public async Task What_stands_in_the_way_is_moved_aside_and_its_place_is_named()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.SendAsync("work", "old", 1, 3);
        await celery.SendAsync("other", "same", 1, 3);
        var taken = await rig.CaptureAsync();
        await celery.SendAsync("work", "new", 1, 2);
        await celery.SendAsync("work", "urgent", 1, 1, priority: 9);

        await rig.RestoreAsync(taken);

        Assert.Equal((3, 3, 0), (await rig.Redis.CountAsync("LLEN", "work"), await rig.Redis.CountAsync("LLEN", "other"), await rig.Redis.CountAsync("LLEN", "work\x06\x16" + "9")));
        var aside = rig.Said.Notes.Where(note => note.Contains("holdfast:aside:", StringComparison.Ordinal)).Select(note => note.Split(' ')[^2]).ToList();
        Assert.Equal(2, aside.Count);
        Assert.Equal((5, 1), (await rig.Redis.CountAsync("LLEN", aside[0]), await rig.Redis.CountAsync("LLEN", aside[1])));
    }

    [Fact]
    public async Task Messages_that_are_there_or_with_a_worker_are_not_doubled()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery(("ACKS_LATE", "1"));
        await celery.SendAsync("work", "t", 1, 6);
        var taken = await rig.CaptureAsync();
        celery.Hold(); // what a worker has done since the capture would be put back
        await celery.StartWorkerAsync();
        await celery.UntilBegunAsync(1);
        await rig.Redis.CallAsync("RPOP", "work"); // one is lost
        await celery.SendAsync("work", "new", 1, 1);

        await rig.AddAsync(taken);
        celery.Release();

        var done = await celery.UntilDoneAsync(7);
        Assert.Equal(["new1", "t1", "t2", "t3", "t4", "t5", "t6"], done.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Old_messages_are_put_before_those_that_came_since()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("LPUSH", "plain", "1", "2", "3");
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "plain");
        await rig.Redis.CallAsync("LPUSH", "plain", "4", "5");

        await rig.AddAsync(taken);
        await rig.AddAsync(taken);

        Assert.Equal("5\n4\n3\n2\n1", await rig.Redis.CallAsync("LRANGE", "plain", "0", "-1"));
    }

    [Fact]
    public async Task An_archive_is_put_back_a_second_time_only_when_that_is_asked_for_and_nothing_that_is_there_is_doubled()
    {
        await using var rig = await BrokerRig.StartAsync();
        using var celery = rig.Celery();
        await celery.SendAsync("work", "t", 1, 4);
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "work");
        await rig.AddAsync(taken);
        await rig.Redis.CallAsync("RPOP", "work"); // as if a worker had done it

        await rig.AddAsync(taken);
        Assert.Equal(3, await rig.Redis.CountAsync("LLEN", "work"));
        Assert.Contains(rig.Said.Warnings, warning => warning.Code == Catalogue.QueueRestored.Code && warning.Hint.Contains("'holdfast queues restore --again'", StringComparison.Ordinal));

        await rig.AddAsync(taken, again: true);
        Assert.Equal(4, await rig.Redis.CountAsync("LLEN", "work"));
        Assert.DoesNotContain(rig.Said.Warnings, warning => warning.Code == Catalogue.QueueRestored.Code);
        await rig.AddAsync(taken, again: true);
        Assert.Equal(4, await rig.Redis.CountAsync("LLEN", "work"));
    }

    [Fact]
    public async Task With_a_target_only_files_are_written()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("RPUSH", "plain", "a", "b");
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "plain");

        await rig.RestoreAsync(taken, target: rig.Redis.Folder["target"]);

        Assert.Equal(3, File.ReadAllLines(rig.Redis.Folder["target/queues/main/plain.jsonl"]).Length);
        Assert.Equal(0, await rig.Redis.CountAsync("EXISTS", "plain"));
    }

    [Fact]
    public async Task What_a_step_that_died_had_staged_is_dropped_by_its_undo_and_done_by_the_next()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("RPUSH", "plain", "a", "b");
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "plain");
        await rig.Redis.CallAsync("RPUSH", $"holdfast:staging:{taken.Manifest.RunId}:plain", "a");

        await rig.RestoreAsync(taken);

        Assert.Equal("a\nb", await rig.Redis.CallAsync("LRANGE", "plain", "0", "-1"));
        Assert.Equal("", await rig.Redis.CallAsync("KEYS", "holdfast:staging:*"));
    }

    [Fact]
    public async Task A_hundred_thousand_messages_of_each_kind_go_round()
    {
        await using var rig = await BrokerRig.StartAsync();
        await rig.Redis.CallAsync("EVAL", "local pad = string.rep('x', 2000) for i = 1, 100000 do redis.call('LPUSH', 'plain', i .. pad) end", "0");
        await rig.Redis.CallAsync("EVAL", """
            for i = 1, 100000 do redis.call('LPUSH', 'work', '{"body": "W10=", "headers": {"id": "t' .. i .. '", "task": "x"}, "properties": {"delivery_tag": "' .. i .. '", "priority": 0}}') end
            """, "0");
        var before = (await rig.Redis.CallAsync("EVAL", Digest, "1", "plain"), await rig.Redis.CallAsync("EVAL", Digest, "1", "work"));
        var taken = await rig.CaptureAsync();
        await rig.Redis.CallAsync("DEL", "plain", "work");
        await rig.RestoreAsync(taken);

        Assert.Equal(before, (await rig.Redis.CallAsync("EVAL", Digest, "1", "plain"), await rig.Redis.CallAsync("EVAL", Digest, "1", "work")));
    }

    private const string Digest = "local d = '' for i = 0, redis.call('LLEN', KEYS[1]) - 1, 500 do d = redis.sha1hex(d .. table.concat(redis.call('LRANGE', KEYS[1], i, i + 499), '|')) end return d";
}
