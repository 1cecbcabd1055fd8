using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// One connection to Redis, for one call at a time. docs/decisions/0008-redis-client.md explains why Holdfast has its
/// own client. After a failure in the middle of a reply the connection is unusable, and every call fails.
/// </summary>
internal sealed class RedisConnection(Stream stream, string place, TimeSpan patience, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Words that are larger are not copied before they are sent; 64 KiB.</summary>
    private const int LargeWord = 64 << 10;

    /// <summary>
    /// The time limit of a series of calls over one object: the keys of a database, a hash. Each call is answered in
    /// time, but the server need not be Redis, and might never end the series.
    /// </summary>
    private static readonly TimeSpan _longestPass = TimeSpan.FromMinutes(10);

    private readonly RedisReader _reader = new(stream, patience, clock);
    private bool _isBroken;

    public string Place => place;

    public bool IsBroken => _isBroken;

    /// <summary>Begins many calls that go over one thing together.</summary>
    /// <param name="command">The command, for the message.</param>
    /// <param name="longest">How long they may take; 10 minutes by default.</param>
    /// <returns>To be called before each of them, and for each part of a reply: it throws a <see cref="ProblemException"/> once they have taken longer.</returns>
    public Action BeginPass(string command, TimeSpan? longest = null)
    {
        var (began, limit) = (clock.GetTimestamp(), longest ?? _longestPass);
        return () =>
        {
            if (clock.GetElapsedTime(began) > limit) throw RedisProblem.Endless(command, place, limit);
        };
    }

    /// <summary>Calls a command whose reply is short, and throws what it refuses as a problem.</summary>
    public Task<RedisReply> CallAsync(CancellationToken cancellation, params IReadOnlyList<RedisWord> words) => CallAsync(ReplyBudget.Short, cancellation, words);

    /// <summary>Calls a command whose reply may be as large as the budget says, and throws what it refuses as a problem.</summary>
    public async Task<RedisReply> CallAsync(ReplyBudget budget, CancellationToken cancellation, params IReadOnlyList<RedisWord> words)
    {
        var reply = await TryAsync(budget, words, cancellation);
        return reply.Error is null ? reply : throw RedisProblem.Refused(reply.Error, words, place);
    }

    /// <summary>Calls a command; a refusal is in the reply. <paramref name="words"/> are the command and its arguments.</summary>
    /// <exception cref="ProblemException">The server is gone or silent, or answers more than a short reply.</exception>
    public Task<RedisReply> TryAsync(CancellationToken cancellation, params IReadOnlyList<RedisWord> words) => TryAsync(ReplyBudget.Short, words, cancellation);

    /// <summary>Calls several commands at once, with short replies; a refusal is in its reply.</summary>
    public async Task<IReadOnlyList<RedisReply>> TryAllAsync(IReadOnlyList<IReadOnlyList<RedisWord>> commands, CancellationToken cancellation)
    {
        var replies = new List<RedisReply>(commands.Count);
        var pass = BeginPass(commands.Count == 0 ? "" : commands[0][0].ToString());
        await foreach (var reply in StreamAllAsync(ReplyBudget.Short, commands, cancellation))
        {
            pass();
            replies.Add(reply);
        }
        return replies;
    }

    /// <summary>
    /// Calls several commands at once and returns their replies one at a time, each within the budget; a refusal is in
    /// its reply. The connection is busy until the last reply was read, and unusable when it is not.
    /// </summary>
    public async IAsyncEnumerable<RedisReply> StreamAllAsync(ReplyBudget budget, IReadOnlyList<IReadOnlyList<RedisWord>> commands, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (commands.Count == 0) yield break;
        using var call = new Call(this, commands[0], cancellation);
        foreach (var words in commands) await call.RunAsync(() => SendAsync(words, call.Token));
        foreach (var _ in commands)
        {
            _reader.Begin(budget);
            yield return await call.RunAsync(() => _reader.ReadAsync(call.Late, call.Token));
        }
        call.Complete();
    }

    /// <summary>
    /// Calls a command and returns the texts of its reply one at a time, those of inner arrays too, so that only one is
    /// in memory. The connection is busy until the last text was read, and unusable when it is not.
    /// </summary>
    public async IAsyncEnumerable<byte[]?> StreamAsync(ReplyBudget budget, IReadOnlyList<RedisWord> words, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var call = new Call(this, words, cancellation);
        await call.RunAsync(() => SendAsync(words, call.Token));
        _reader.Begin(budget);
        var open = new Stack<long>([1]);
        while (open.TryPop(out var left))
        {
            if (left == 0) continue;
            open.Push(left - 1);
            var (leaf, items) = await call.RunAsync(() => _reader.ReadPartAsync(open.Count - 1, call.Late, call.Token).AsTask());
            if (leaf is null) open.Push(items);
            else if (leaf.Error is { } error)
            {
                if (open.Count == 1) call.Complete();
                throw RedisProblem.Refused(error, words, place);
            }
            else yield return leaf.Bytes;
        }
        call.Complete();
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task<RedisReply> TryAsync(ReplyBudget budget, IReadOnlyList<RedisWord> words, CancellationToken cancellation)
    {
        using var call = new Call(this, words, cancellation);
        await call.RunAsync(() => SendAsync(words, call.Token));
        _reader.Begin(budget);
        var reply = await call.RunAsync(() => _reader.ReadAsync(call.Late, call.Token));
        call.Complete();
        return reply;
    }

    private async Task<bool> SendAsync(IReadOnlyList<RedisWord> words, CancellationToken cancellation)
    {
        var message = new ArrayBufferWriter<byte>(1024);
        Head(message, '*', words.Count);
        foreach (var word in words)
        {
            Head(message, '$', word.Bytes.Length);
            if (word.Bytes.Length > LargeWord || message.WrittenCount > LargeWord)
            {
                await stream.WriteAsync(message.WrittenMemory, cancellation);
                message.ResetWrittenCount();
            }
            if (word.Bytes.Length > LargeWord) await stream.WriteAsync(word.Bytes, cancellation);
            else message.Write(word.Bytes.Span);
            message.Write("\r\n"u8);
        }
        await stream.WriteAsync(message.WrittenMemory, cancellation);
        await stream.FlushAsync(cancellation);
        return true;
    }

    private static void Head(ArrayBufferWriter<byte> message, char type, int length)
    {
        var room = message.GetSpan(16);
        room[0] = (byte)type;
        Utf8Formatter.TryFormat(length, room[1..], out var written);
        "\r\n"u8.CopyTo(room[(1 + written)..]);
        message.Advance(written + 3);
    }

    /// <summary>One call with its time. The connection is broken from its beginning until it is complete.</summary>
    private sealed class Call : IDisposable
    {
        private readonly RedisConnection _redis;
        private readonly RedisWord _command;
        private readonly CancellationToken _cancellation;
        private readonly TimeSpan _patience;
        private readonly CancellationTokenSource _either;

        public Call(RedisConnection redis, IReadOnlyList<RedisWord> words, CancellationToken cancellation)
        {
            if (redis._isBroken) throw Catalogue.QueueUnreachable.Throwable($"The connection to Redis on {redis.Place} is broken.");
            (_redis, _command, _cancellation, _patience) = (redis, words[0], cancellation, redis.Patience);
            Late = new CancellationTokenSource(_patience + Sending(words), redis.Clock);
            _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Late.Token);
            redis._isBroken = true;
        }

        public CancellationTokenSource Late { get; }

        public CancellationToken Token => _either.Token;

        public void Complete() => _redis._isBroken = false;

        public async Task<T> RunAsync<T>(Func<Task<T>> act)
        {
            try
            {
                return await act();
            }
            catch (OperationCanceledException silent) when (!_cancellation.IsCancellationRequested)
            {
                throw Catalogue.QueueUnreachable.Throwable($"Redis on {_redis.Place} did not answer {_command} within {_patience.TotalSeconds:0} s.", silent);
            }
            catch (Exception failure) when (RedisProblem.Recognises(failure))
            {
                throw RedisProblem.Of(failure, $"Calling {_command} of Redis", _redis.Place);
            }
        }

        public void Dispose()
        {
            _either.Dispose();
            Late.Dispose();
        }

        /// <summary>Large words may take longer: a second for each MiB.</summary>
        private static TimeSpan Sending(IReadOnlyList<RedisWord> words) => TimeSpan.FromSeconds((double)words.Sum(word => (long)word.Bytes.Length) / (1 << 20));
    }

    private TimeSpan Patience => patience;

    private TimeProvider Clock => clock;
}
