using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Backends;

public sealed class RateLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_pass_as_fast_as_the_limit_says_whoever_asks_for_them()
    {
        var clock = new ManualClock();
        var limit = new RateLimit(1000, clock);
        await limit.TakeAsync(250, Cancellation); // what was not used in a quarter of a second
        var (first, second) = (limit.TakeAsync(1000, Cancellation).AsTask(), limit.TakeAsync(1000, Cancellation).AsTask());
        clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(first.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await first;
        Assert.False(second.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await second;
    }

    [Fact]
    public async Task What_was_not_used_is_kept_for_a_quarter_of_a_second()
    {
        var clock = new ManualClock();
        var limit = new RateLimit(1000, clock);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(limit.TakeAsync(250, Cancellation).AsTask().IsCompleted);
        var more = limit.TakeAsync(250, Cancellation).AsTask();
        Assert.False(more.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(250));
        await more;
    }

    [Fact]
    public async Task A_connection_keeps_to_its_limits_in_both_directions_and_hands_on_all_bytes()
    {
        var clock = new ManualClock();
        var traffic = new Traffic { Upload = new RateLimit(10_000, clock), Download = new RateLimit(50_000, clock) };
        var content = new byte[100_000];
        new Random(1).NextBytes(content);
        using var sent = new MemoryStream();
        await using (var upload = traffic.Limit(new Unclosed(sent)))
        {
            var began = clock.GetTimestamp();
            await clock.RunAsync(SendAsync(upload, content), TimeSpan.FromMilliseconds(50));
            Assert.True(clock.GetElapsedTime(began) > TimeSpan.FromSeconds(9.5), "It was sent too fast.");
        }
        Assert.Equal(content, sent.ToArray());
        await using var download = traffic.Limit(new MemoryStream(content));
        var (received, from) = (new byte[content.Length], clock.GetTimestamp());
        await clock.RunAsync(ReceiveAsync(download, received), TimeSpan.FromMilliseconds(50));
        Assert.True(clock.GetElapsedTime(from) > TimeSpan.FromSeconds(1.5), "It was received too fast.");
        Assert.Equal(content, received);
    }

    [Fact]
    public void Without_limits_a_connection_is_left_as_it_is()
    {
        using var connection = new MemoryStream();
        Assert.Same(connection, new Traffic().Limit(connection));
    }

    [Fact]
    public void What_a_limit_holds_up_is_no_stall()
    {
        var clock = new ManualClock();
        var slow = new Traffic { Upload = new RateLimit(1024, clock) };
        using var watch = new RestWatch(new RestOptions { Clock = clock, Traffic = slow }, Cancellation);
        clock.Advance(TimeSpan.FromMinutes(20)); // five others have 256 KiB each before it
        Assert.False(watch.Token.IsCancellationRequested);
        clock.Advance(TimeSpan.FromMinutes(20));
        Assert.True(watch.Token.IsCancellationRequested);
    }

    private static async Task<bool> SendAsync(Stream stream, byte[] content)
    {
        await stream.WriteAsync(content, Cancellation);
        return true;
    }

    private static async Task<bool> ReceiveAsync(Stream stream, byte[] content)
    {
        await stream.ReadExactlyAsync(content, Cancellation);
        return true;
    }

    /// <summary>Keeps what was written when the connection is closed.</summary>
    private sealed class Unclosed(MemoryStream inner) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(buffer, cancellationToken);
    }
}
