using Holdfast.Components.Queues.Redis;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>A list is read page by page while others push and pop.</summary>
public sealed class ListPagesTests
{
    private const int Items = 20_000;

    [Fact]
    public async Task What_stays_in_a_list_is_read_once_however_it_moves()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CallAsync("EVAL", "for i = 1, tonumber(ARGV[1]) do redis.call('LPUSH', 'plain', 'i' .. i) end", "0", $"{Items}");
        var cancellation = TestContext.Current.CancellationToken;
        var connector = new RedisConnector(new RedisSettings { Port = redis.Port }, new FixedSecret(""), TimeProvider.System);
        await using var reader = await connector.OpenAsync(cancellation);
        await using var others = await connector.OpenAsync(cancellation);
        var random = new Random(20261123);
        var (read, pushed, popped) = (new List<string>(), 0, 0);

        await foreach (var item in new ListPages(reader, "plain").ReadAsync(cancellation))
        {
            read.Add(System.Text.Encoding.UTF8.GetString(item));
            if (read.Count % 37 > 0) continue;
            var (push, pop) = (random.Next(read.Count % 5 == 0 ? 3000 : 9), random.Next(9));
            await others.CallAsync(cancellation, "EVAL", "for i = 1, tonumber(ARGV[2]) do redis.call('LPUSH', 'plain', 'n' .. ARGV[1] + i) end for i = 1, tonumber(ARGV[3]) do redis.call('RPOP', 'plain') end return 1", 0, pushed, push, pop);
            (pushed, popped) = (pushed + push, popped + pop);
        }

        Assert.InRange(popped, 1, Items / 2);
        Assert.Equal(read.Count, read.Distinct(StringComparer.Ordinal).Count());
        var stayed = Enumerable.Range(popped + 1, Items - popped).Select(number => $"i{number}");
        Assert.Empty(stayed.Except(read, StringComparer.Ordinal));
        Assert.Equal(read.OrderByDescending(Number), read);
    }

    private static int Number(string item) => item[0] == 'n' ? Items + int.Parse(item[1..]) : int.Parse(item[1..]);
}
