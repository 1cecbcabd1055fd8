using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues;

/// <summary>
/// One connection to Redis, for one call at a time. docs/decisions/0008-redis-client.md says why it is our own. After a failure in
/// the middle of a reply it is good for nothing, and says so.
/// </summary>
internal sealed class RedisConnection(Stream stream, string place, TimeSpan patience, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>A reply is never nested deeper than HSCAN's; 8.</summary>
    private const int MaximumDepth = 8;

    /// <summary>Redis' own limit for a text, proto-max-bulk-len; 512 MiB.</summary>
    private const long MaximumText = 512L << 20;

    private readonly byte[] _incoming = new byte[64 << 10];
    private int _from;
    private int _to;
    private bool _isBroken;

    public string Place => place;

    public bool IsBroken => _isBroken;

    /// <summary>Calls a command, and throws what it refuses as a problem.</summary>
    public async Task<RedisReply> CallAsync(CancellationToken cancellation, params IReadOnlyList<RedisWord> words)
    {
        var reply = await TryAsync(cancellation, words);
        return reply.Error is null ? reply : throw RedisProblem.Refused(reply.Error, words[0].ToString(), place);
    }

    /// <summary>Calls a command; a refusal is in the reply. <paramref name="words"/> are the command and its arguments.</summary>
    /// <exception cref="ProblemException">The server is gone or silent.</exception>
    public async Task<RedisReply> TryAsync(CancellationToken cancellation, params IReadOnlyList<RedisWord> words)
    {
        if (_isBroken) throw Catalogue.QueueUnreachable.Throwable($"The connection to Redis on {place} is broken.");
        using var late = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        _isBroken = true; // until the reply is whole
        try
        {
            await SendAsync(words, either.Token);
            var reply = await ReadAsync(0, either.Token);
            _isBroken = false;
            return reply;
        }
        catch (OperationCanceledException silent) when (!cancellation.IsCancellationRequested)
        {
            throw Catalogue.QueueUnreachable.Throwable($"Redis on {place} did not answer {words[0]} within {patience.TotalSeconds:0} s.", silent);
        }
        catch (Exception failure) when (RedisProblem.Recognises(failure))
        {
            throw RedisProblem.Of(failure, $"Calling {words[0]} of Redis", place);
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task SendAsync(IReadOnlyList<RedisWord> words, CancellationToken cancellation)
    {
        var message = new ArrayBufferWriter<byte>(256 + words.Sum(word => word.Bytes.Length + 16));
        Head(message, '*', words.Count);
        foreach (var word in words)
        {
            Head(message, '$', word.Bytes.Length);
            message.Write(word.Bytes.Span);
            message.Write("\r\n"u8);
        }
        await stream.WriteAsync(message.WrittenMemory, cancellation);
        await stream.FlushAsync(cancellation);
    }

    private static void Head(ArrayBufferWriter<byte> message, char type, int length)
    {
        var room = message.GetSpan(16);
        room[0] = (byte)type;
        Utf8Formatter.TryFormat(length, room[1..], out var written);
        "\r\n"u8.CopyTo(room[(1 + written)..]);
        message.Advance(written + 3);
    }

    private async Task<RedisReply> ReadAsync(int depth, CancellationToken cancellation)
    {
        var line = await ReadLineAsync(cancellation);
        var rest = line.Length == 0 ? "" : line[1..];
        return (line.Length == 0 ? ' ' : line[0]) switch
        {
            '+' => RedisReply.OfText(Encoding.UTF8.GetBytes(rest)),
            '-' => RedisReply.OfError(rest),
            ':' => RedisReply.OfNumber(Number(rest)),
            '$' => await ReadTextAsync(Number(rest), cancellation),
            '*' when depth < MaximumDepth => await ReadItemsAsync(Number(rest), depth, cancellation),
            _ => throw new InvalidDataException("what answers is not Redis"),
        };
    }

    private async Task<RedisReply> ReadItemsAsync(long count, int depth, CancellationToken cancellation)
    {
        if (count < 0) return RedisReply.Nil;
        var items = new List<RedisReply>();
        for (var i = 0L; i < count; i++) items.Add(await ReadAsync(depth + 1, cancellation));
        return RedisReply.OfItems(items);
    }

    private async Task<RedisReply> ReadTextAsync(long length, CancellationToken cancellation)
    {
        if (length < 0) return RedisReply.Nil;
        if (length > MaximumText) throw new InvalidDataException("what answers is not Redis");
        var text = new byte[length];
        var had = Math.Min(text.Length, _to - _from);
        _incoming.AsSpan(_from, had).CopyTo(text);
        _from += had;
        await stream.ReadExactlyAsync(text.AsMemory(had), cancellation);
        if ((await ReadLineAsync(cancellation)).Length > 0) throw new InvalidDataException("what answers is not Redis");
        return RedisReply.OfText(text);
    }

    /// <summary>A line up to CR LF, which is never longer than the buffer.</summary>
    private async Task<string> ReadLineAsync(CancellationToken cancellation)
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
            await FillAsync(cancellation);
        }
    }

    private async Task FillAsync(CancellationToken cancellation)
    {
        _incoming.AsSpan(_from, _to - _from).CopyTo(_incoming);
        (_from, _to) = (0, _to - _from);
        if (_to == _incoming.Length) throw new InvalidDataException("what answers is not Redis");
        var read = await stream.ReadAsync(_incoming.AsMemory(_to), cancellation);
        if (read == 0) throw new EndOfStreamException("the server closed the connection");
        _to += read;
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new InvalidDataException("what answers is not Redis");
}
