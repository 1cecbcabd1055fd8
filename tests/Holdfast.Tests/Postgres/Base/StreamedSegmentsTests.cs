using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>WAL comes in messages that know nothing of segments.</summary>
public sealed class StreamedSegmentsTests
{
    private const int Size = 1 << 20;
    private static readonly WalSegment _first = WalSegment.Of(1, 5UL, Size);
    private static readonly byte[] _log = Log();

    [Fact]
    public async Task A_message_across_the_end_of_the_segment_that_the_mark_lies_in_ends_the_stream()
    {
        var (segments, added) = Begin(Size + 700_000);
        await TakeAsync(segments, 0, Size, 2 * Size - 1000, 2 * Size + 5000);
        Assert.True(segments.AreComplete);
        Assert.Equal((segments.BytesTotal, 1), (segments.BytesDone, await segments.EndAsync()));
        Assert.Equal([_first.Name, $"{_first.Next(Size).Name}.partial"], added.Select(file => file.Name));
        Assert.Equal(_log[..Size], added[0].Content);
        Assert.Equal(_log[Size..(Size + 700_000)], added[1].Content);
    }

    [Fact]
    public async Task Of_the_last_segment_as_much_is_kept_as_lies_before_the_mark()
    {
        var (segments, added) = Begin(300_000);
        await TakeAsync(segments, 0, 200_000);
        Assert.False(segments.AreComplete);
        await TakeAsync(segments, 200_000, 350_000);
        Assert.Equal((true, 0), (segments.AreComplete, await segments.EndAsync()));
        Assert.Equal(_log[..300_000], Assert.Single(added).Content);
    }

    [Fact]
    public async Task What_begins_at_the_mark_is_left_out()
    {
        var (segments, added) = Begin(Size);
        await TakeAsync(segments, 0, Size - 10, Size + 10);
        Assert.Equal((true, 1), (segments.AreComplete, await segments.EndAsync()));
        Assert.Equal(_first.Name, Assert.Single(added).Name);
        await Assert.ThrowsAsync<InvalidDataException>(() => TakeAsync(segments, Size + 11, Size + 20));
    }

    private static (StreamedSegments Segments, List<(string Name, byte[] Content)> Added) Begin(int length)
    {
        var added = new List<(string, byte[])>();
        var last = new NpgsqlLogSequenceNumber((ulong)_first.Start(Size) + (uint)length);
        return (new StreamedSegments(_first, last, Size, async source =>
        {
            using var content = new MemoryStream();
            await using var opened = source.Open();
            await opened.CopyToAsync(content, TestContext.Current.CancellationToken);
            added.Add((source.File.Name, content.ToArray()));
        }), added);
    }

    /// <summary>The log between these places, a message for each two; what goes round for ever fails.</summary>
    private static async Task TakeAsync(StreamedSegments segments, params int[] places)
    {
        foreach (var (from, to) in places.Zip(places.Skip(1)))
            await Task.Run(() => segments.TakeAsync(new NpgsqlLogSequenceNumber((ulong)_first.Start(Size) + (uint)from), new MemoryStream(_log[from..to]), TestContext.Current.CancellationToken))
                .WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    private static byte[] Log()
    {
        var log = new byte[3 * Size];
        new Random(7).NextBytes(log);
        return log;
    }
}
