using System.Globalization;
using System.Text;

namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// Reads replies of RESP2 within a budget and a time. The time counts while bytes are waited for, and grows by a second with each MiB that
/// comes, so a large reply may take its time and a trickle may not. Not safe for several threads.
/// </summary>
internal sealed class RedisReader(Stream stream, TimeSpan patience, TimeProvider clock)
{
    /// <summary>The limit of nested arrays: HSCAN and SCAN return two levels, Holdfast's scripts one.</summary>
    private const int MaximumDepth = 4;

    /// <summary>Memory for a text is taken as its bytes come, from this on by doubling; 1 MiB.</summary>
    private const int FirstPiece = 1 << 20;

    private readonly byte[] _incoming = new byte[64 << 10];
    private int _from;
    private int _to;
    private ReplyBudget _budget = ReplyBudget.Short;
    private TimeSpan _left;

    /// <summary>Starts a reply: everything read until the next call counts against this budget.</summary>
    public void Begin(ReplyBudget budget) => (_budget, _left) = (budget, patience);

    /// <summary>Reads one reply with all its items.</summary>
    /// <param name="late">Fires when the time limit has passed; it is set again for each wait.</param>
    /// <param name="cancellation">Linked to <paramref name="late"/>.</param>
    /// <exception cref="InvalidDataException">The bytes are not a valid reply of Redis, or exceed the
    /// budget.</exception>
    public Task<RedisReply> ReadAsync(CancellationTokenSource late, CancellationToken cancellation) => ReadAsync(0, late, cancellation);

    /// <summary>Reads the head of a reply, and the text when it is one. An array's items follow, to be read by the caller.</summary>
    public async ValueTask<(RedisReply? Leaf, long Items)> ReadPartAsync(int depth, CancellationTokenSource late, CancellationToken cancellation)
    {
        var line = await ReadLineAsync(late, cancellation);
        var rest = line.Length == 0 ? "" : line[1..];
        switch (line.Length == 0 ? ' ' : line[0])
        {
            case '+': return (RedisReply.OfText(Encoding.UTF8.GetBytes(rest)), 0);
            case '-': return (RedisReply.OfError(rest), 0);
            case ':': return (RedisReply.OfNumber(Number(rest)), 0);
            case '$': return (await ReadTextAsync(Number(rest), late, cancellation), 0);
            case '*' when depth < MaximumDepth:
                var items = Number(rest);
                if (items < 0) return (RedisReply.Nil, 0);
                Spend(0, items);
                return (null, items);
            default: throw NotRedis();
        }
    }

    private async Task<RedisReply> ReadAsync(int depth, CancellationTokenSource late, CancellationToken cancellation)
    {
        var (leaf, count) = await ReadPartAsync(depth, late, cancellation);
        if (leaf is not null) return leaf;
        var items = new List<RedisReply>();
        for (var i = 0L; i < count; i++) items.Add(await ReadAsync(depth + 1, late, cancellation));
        return RedisReply.OfItems(items);
    }

    private async ValueTask<RedisReply> ReadTextAsync(long length, CancellationTokenSource late, CancellationToken cancellation)
    {
        if (length < 0) return RedisReply.Nil;
        if (length > ReplyBudget.LargestText) throw TooLarge();
        Spend(length, 0);
        var text = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, FirstPiece));
        var had = Math.Min(text.Length, _to - _from);
        _incoming.AsSpan(_from, had).CopyTo(text);
        _from += had;
        while (had < length)
        {
            if (had == text.Length) Array.Resize(ref text, (int)Math.Min(length, 2L * text.Length));
            had += await ReceiveAsync(text.AsMemory(had), late, cancellation);
        }
        if ((await ReadLineAsync(late, cancellation)).Length > 0) throw NotRedis();
        return RedisReply.OfText(text);
    }

    /// <summary>A line up to CR LF, which is never longer than the buffer.</summary>
    private async ValueTask<string> ReadLineAsync(CancellationTokenSource late, CancellationToken cancellation)
    {
        while (true)
        {
            var end = _incoming.AsSpan(_from, _to - _from).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.UTF8.GetString(_incoming, _from, end);
                _from += end + 2;
                return line;
            }
            _incoming.AsSpan(_from, _to - _from).CopyTo(_incoming);
            (_from, _to) = (0, _to - _from);
            if (_to == _incoming.Length) throw NotRedis();
            _to += await ReceiveAsync(_incoming.AsMemory(_to), late, cancellation);
        }
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationTokenSource late, CancellationToken cancellation)
    {
        if (_left <= TimeSpan.Zero) throw new OperationCanceledException();
        late.CancelAfter(_left);
        var began = clock.GetTimestamp();
        var read = await stream.ReadAsync(into, cancellation);
        late.CancelAfter(Timeout.InfiniteTimeSpan);
        if (read == 0) throw new EndOfStreamException("the server closed the connection");
        _left -= clock.GetElapsedTime(began) - TimeSpan.FromSeconds((double)read / (1 << 20));
        return read;
    }

    private void Spend(long bytes, long items)
    {
        _budget = new ReplyBudget(_budget.Bytes - bytes, _budget.Items - items);
        if (_budget.Bytes < 0 || _budget.Items < 0) throw TooLarge();
    }

    private static InvalidDataException NotRedis() => new("what answers is not Redis");

    private static InvalidDataException TooLarge() => new("the reply is larger than what was asked for, so what answers may not be Redis");

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw NotRedis();
}
