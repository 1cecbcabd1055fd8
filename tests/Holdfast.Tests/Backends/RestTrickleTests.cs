using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Holdfast.Tests.Web;
using Xunit;

namespace Holdfast.Tests.Backends;

/// <summary>A REST server may be slow, as long as what it sends has an end.</summary>
public sealed class RestTrickleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_comes_byte_by_byte_is_given_up()
    {
        var clock = new ManualClock();
        await using var server = Answering.Begin(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 206 Partial Content\r\nContent-Length: 9000000\r\n\r\n"u8.ToArray(), Cancellation);
            for (var sent = 0; sent < 9_000_000; sent++)
            {
                await stream.WriteAsync("x"u8.ToArray(), Cancellation);
                clock.Advance(TimeSpan.FromSeconds(1));
            }
        });
        var options = new RestOptions { Clock = clock, Patience = TimeSpan.FromSeconds(1) };
        var backend = new RestBackend(RestLocation.Parse($"rest:{server.Url}/"), options);
        var name = Id.Hash([1]).ToString();
        var failure = await Assert.ThrowsAsync<ResticException>(
            () => backend.ReadAsync(FileKind.Pack, name, 0, new byte[9_000_000], Cancellation).AsTask());
        Assert.Equal(ResticError.Unreachable, failure.Error);
        Assert.Contains("did next to nothing for 120 seconds", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_file_may_take_its_time_and_a_trickle_may_not()
    {
        var clock = new ManualClock();
        using var large = new RestWatch(new RestOptions { Clock = clock }, Cancellation);
        for (var piece = 0; piece < 1000; piece++)
        {
            clock.Advance(TimeSpan.FromSeconds(50));
            large.Progress(32 << 10);
        }
        Assert.False(large.Token.IsCancellationRequested);
        using var slow = new RestWatch(new RestOptions { Clock = clock }, Cancellation);
        for (var seconds = 0; seconds < 120; seconds++)
        {
            Assert.False(slow.Token.IsCancellationRequested);
            slow.Progress(500);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.True(slow.Token.IsCancellationRequested);
    }
}
