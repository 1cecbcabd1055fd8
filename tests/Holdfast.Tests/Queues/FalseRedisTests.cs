using System.Text;
using CsCheck;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Queues;

/// <summary>Whoever answers in place of Redis gets neither memory nor time: a reply holds what was asked for, or is refused.</summary>
public sealed class FalseRedisTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1";

    private static readonly string[] Insertions = ["", "0", "9", "-", "*", "$", "\r\n", "99999999999999999999", "\"", "{", "[", "\\ud800", "null", "1e999", "[[[[[[[[", ",", "\0"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("*2000000000\r\n", "$1\r\na\r\n")]
    [InlineData("*1000000\r\n", "$536870912\r\n")]
    [InlineData("*2\r\n", "*2\r\n")]
    [InlineData("", "*1\r\n")]
    [InlineData("$999999999999\r\n", "x")]
    [InlineData("*9223372036854775807\r\n", ":1\r\n")]
    [InlineData("+", "endless line")]
    [InlineData("*-7\r\n*99999\r\n", ":1\r\n")]
    public async Task A_reply_without_an_end_is_refused_before_it_is_read(string begin, string repeat)
    {
        var server = new FalseRedis(begin, repeat);
        var redis = new RedisConnection(server, "127.0.0.1:1", TimeSpan.FromSeconds(15), TimeProvider.System);

        var failure = await Assert.ThrowsAsync<ProblemException>(async () =>
        {
            for (var i = 0; i < 3; i++) await redis.CallAsync(Cancellation, "LLEN", "work");
        });

        Assert.Equal(Catalogue.QueueUnreachable.Code, failure.Problem.Code);
        Assert.Contains("LLEN", failure.Problem.Message, StringComparison.Ordinal);
        Assert.Contains("ss -ltnp", failure.Problem.Hint, StringComparison.Ordinal);
        Assert.InRange(server.Given, 0, 2 << 20);
        Assert.True(redis.IsBroken);
    }

    [Fact]
    public async Task The_names_that_a_scan_finds_have_a_limit_of_bytes()
    {
        const int page = 50, length = 20_000;
        using var answers = new MemoryStream();
        for (var number = 0; answers.Length < 80 << 20; number += page)
        {
            answers.Write(Encoding.Latin1.GetBytes($"*2\r\n$1\r\n5\r\n*{page}\r\n"));
            foreach (var key in Enumerable.Range(number, page)) answers.Write(Encoding.Latin1.GetBytes($"${length}\r\n{key.ToString().PadLeft(length, 'k')}\r\n"));
        }
        var redis = new RedisConnection(new FalseRedis(answers.ToArray()), "127.0.0.1:1", TimeSpan.FromSeconds(15), TimeProvider.System);
        var failure = await Assert.ThrowsAsync<ProblemException>(() => new KeyScan(redis).FindAsync("k*", Cancellation));
        Assert.Equal(Catalogue.QueueRefused.Code, failure.Problem.Code);
        Assert.Contains("more than 64 MiB", failure.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SCAN", "*2\r\n$1\r\n7\r\n*0\r\n", "within 10 minutes")]
    [InlineData("SCAN", "*2\r\n$1\r\n7\r\n*1\r\n$1\r\nk\r\n", "within 10 minutes")]
    [InlineData("HSCAN", "*2\r\n$1\r\n7\r\n*0\r\n", "within 10 minutes")]
    [InlineData("HSCAN", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n", "within 10 minutes")]
    [InlineData("ZRANGE", null, "more than 1000000 entries")]
    public async Task Replies_that_never_come_to_an_end_are_given_up(string command, string? repeat, string why)
    {
        var clock = new ManualClock();
        repeat ??= "*2000\r\n" + string.Concat(Enumerable.Repeat("$1\r\nt\r\n$1\r\n1\r\n", 1000));
        var server = new FalseRedis("", repeat, piece: repeat.Length) { OnRead = () => clock.Advance(TimeSpan.FromSeconds(why.Contains("minutes", StringComparison.Ordinal) ? 1 : 0)) };
        var redis = new RedisConnection(server, "127.0.0.1:1", TimeSpan.FromSeconds(15), clock);
        var settings = QueuesSettings.Read(ProfileReader.Parse("{ platform: x, components: { queues: [ { name: b, connection: { host: 127.0.0.1 }, queues: [work] } ] } }", "/etc/holdfast/profile.yaml").Root["components"]["queues"].Items[0]);
        var unacked = new UnackedReader(redis, new QueueKeys(settings), settings);
        var failure = await Assert.ThrowsAsync<ProblemException>(async () =>
        {
            if (command == "SCAN") await new KeyScan(redis).FindAsync("k*", Cancellation);
            else if (command == "ZRANGE") await unacked.ListAsync("unacked", "unacked_index", Cancellation);
            else await foreach (var (tag, _) in unacked.ScanAsync("unacked", Cancellation)) Assert.NotEmpty(tag);
        });
        Assert.Contains(why, failure.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("*20\r\n", "$10\r\n0123456789\r\n")]
    [InlineData("*5\r\n", "*5\r\n")]
    [InlineData("*5\r\n$600000000\r\n", "x")]
    public async Task A_page_of_a_list_has_no_more_items_than_were_asked_for_and_none_larger_than_redis_can_hold(string begin, string repeat)
    {
        var server = new FalseRedis(begin, repeat);
        var redis = new RedisConnection(server, "127.0.0.1:1", TimeSpan.FromSeconds(15), TimeProvider.System);
        await Assert.ThrowsAsync<ProblemException>(async () =>
        {
            await foreach (var _ in new ListPages(redis, "work").ReadAsync(Cancellation)) Assert.True(server.Given < 2 << 20);
        });
        Assert.InRange(server.Given, 0, 2 << 20);
    }

    /// <summary>The overlap of each page is there, so one page follows the other for as long as it is asked for.</summary>
    [Theory]
    [InlineData(4_000_000_000, "within 60 minutes")]
    [InlineData(600, null)]
    [InlineData(0, null)]
    public async Task A_list_that_never_ends_is_read_for_an_hour_and_one_that_grows_to_where_it_ended_at_first(long length, string? why)
    {
        static string Page(int items) => $"*{items}\r\n" + string.Concat(Enumerable.Repeat("$1\r\na\r\n", items));
        var (clock, read) = (new ManualClock(), 0);
        var begin = $"{Page(16)}:{length}\r\n" + string.Concat(new[] { 48, 80, 144, 272 }.Select(Page));
        var server = new FalseRedis(begin, Page(528), piece: 4096) { OnRead = () => clock.Advance(TimeSpan.FromSeconds(5)) };
        var redis = new RedisConnection(server, "127.0.0.1:1", TimeSpan.FromSeconds(15), clock);
        async Task ReadAsync()
        {
            await foreach (var _ in new ListPages(redis, "work").ReadAsync(Cancellation)) read++;
        }

        if (why is null) await ReadAsync();
        else Assert.Contains(why, (await Assert.ThrowsAsync<ProblemException>(ReadAsync)).Problem.Message, StringComparison.Ordinal);
        if (why is null) Assert.Equal(Math.Max(16, length), read);
        Assert.InRange(server.Given, 1, 8 << 20);
    }

    [Fact]
    public async Task A_large_reply_may_take_its_time_and_a_trickle_may_not()
    {
        var clock = new ManualClock();
        var text = new byte[40 << 20];
        var large = new FalseRedis($"${text.Length}\r\n", Encoding.ASCII.GetString(text) + "\r\n", piece: 1 << 20) { OnRead = () => clock.Advance(TimeSpan.FromSeconds(0.9)) };
        var reply = await new RedisConnection(large, "x", TimeSpan.FromSeconds(15), clock).CallAsync(ReplyBudget.Value, Cancellation, "DUMP", "key");
        Assert.Equal(text.Length, reply.Bytes!.Length);

        var slow = new FalseRedis("*1000\r\n", "$1\r\na\r\n", piece: 1) { OnRead = () => clock.Advance(TimeSpan.FromSeconds(1)) };
        var failure = await Assert.ThrowsAsync<ProblemException>(() => new RedisConnection(slow, "x", TimeSpan.FromSeconds(15), clock).CallAsync(Cancellation, "LLEN", "key"));
        Assert.Contains("within 15 s", failure.Problem.Message, StringComparison.Ordinal);
        Assert.InRange(slow.Given, 1, 20);
    }

    [Fact]
    public void Replies_that_are_changed_anywhere_are_understood_or_refused()
    {
        string[] replies =
        [
            "*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$3\r\nxyz\r\n$-1\r\n:7\r\n", "$5\r\nhello\r\n", "-ERR no\r\n", ":12\r\n", "+OK\r\n", "*-1\r\n", "*3\r\n:1\r\n*1\r\n*1\r\n+x\r\n$0\r\n\r\n",
        ];
        var change = Gen.Select(Gen.Int[0, replies.Length - 1].Select(index => replies[index]), Gen.Int[0, 60], Gen.Byte, Gen.Int[0, Insertions.Length - 1].Select(index => Insertions[index]), Gen.Int[0, 3]);
        change.Sample(
            (reply, at, value, inserted, cut) =>
            {
                var bytes = Encoding.Latin1.GetBytes(reply.Insert(at % (reply.Length + 1), inserted)).ToList();
                bytes[at % bytes.Count] = value;
                var server = new MemoryStream();
                server.Write([.. bytes.Take(bytes.Count - (cut == 3 ? bytes.Count / 2 : 0))]);
                var isUnderstood = TryAsync(server).GetAwaiter().GetResult();
                return isUnderstood || bytes.Count > 0;
            },
            iter: IsLong ? 5_000_000 : 20_000);
    }

    [Fact]
    public void Messages_that_are_changed_anywhere_are_read_as_far_as_they_can_be_and_never_fail()
    {
        string[] messages =
        [
            """{"body": "W10=", "headers": {"id": "t1", "task": "shop.mail", "eta": "2030-01-01T00:00:00", "retries": 2}, "properties": {"priority": 6, "delivery_tag": "d"}}""",
            """[{"body": "eyJpZCI6ICJ0MiJ9", "headers": {}, "properties": {"delivery_tag": "d"}}, "ex", "rk"]""",
            """{"state":"waiting","priority":6,"taken":1.5,"id":"t1","text":"{\"a\": 1}"}""", """{"state":"scheduled","priority":0,"base64":"AAEC"}""",
            """{"format":1,"archive":"r","broker":"b","queue":"q","kind":"list"}""",
        ];
        var change = Gen.Select(Gen.Int[0, messages.Length - 1].Select(index => messages[index]), Gen.Int[0, 300], Gen.Byte, Gen.Int[0, Insertions.Length - 1].Select(index => Insertions[index]));
        change.Sample(
            (message, at, value, inserted) =>
            {
                var bytes = Encoding.UTF8.GetBytes(message.Insert(at % (message.Length + 1), inserted));
                if (at % 3 > 0) bytes[at % bytes.Length] = value;
                Read(bytes);
            },
            iter: IsLong ? 5_000_000 : 20_000);
    }

    private static void Read(byte[] bytes)
    {
        CeleryMessage.Read(bytes);
        CeleryMessage.IdentityOf(bytes);
        UnackedMessage.Read(bytes);
        Allow(() => QueueLines.ReadMessage(bytes, "file"));
        Allow(() => QueueLines.ReadHead(bytes, "file"));
    }

    private static void Allow(Action act)
    {
        try
        {
            act();
        }
        catch (ProblemException refused)
        {
            Assert.Equal(Catalogue.QueueArchive.Code, refused.Problem.Code);
        }
    }

    private static async Task<bool> TryAsync(MemoryStream server)
    {
        try
        {
            server.Position = 0;
            using var both = new FalseRedis(server.ToArray());
            var redis = new RedisConnection(both, "x", TimeSpan.FromSeconds(15), TimeProvider.System);
            await redis.TryAsync(Cancellation, "PING");
            return true;
        }
        catch (ProblemException refused)
        {
            Assert.Equal(Catalogue.QueueUnreachable.Code, refused.Problem.Code);
            return false;
        }
    }
}
