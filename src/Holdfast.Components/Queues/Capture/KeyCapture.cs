using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Planning;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Queues.Capture;

/// <summary>The keys of a broker that were copied, in numbers.</summary>
/// <param name="Types">The number of keys of each type.</param>
/// <param name="Version">The newest version of Redis' file format among their values.</param>
/// <param name="Gone">The number of keys that had vanished before they were copied.</param>
internal sealed record KeyTally(IReadOnlyDictionary<string, long> Types, int Version, long Gone)
{
    public long Keys => Types.Values.Sum();
}

/// <summary>Copies keys with their values, as DUMP gives them. One value is in memory at a time.</summary>
internal sealed class KeyCapture(RedisConnection redis, QueuesSettings settings, QueueKeys names, StepCounters counters)
{
    /// <summary>Values that are asked for at once, at most; and their bytes as far as those before show. Redis holds them in its buffer.</summary>
    private const int LargestBatch = 256, FirstBatch = 8, BatchBytes = 1 << 20;

    private readonly SortedDictionary<string, long> _types = new(StringComparer.Ordinal);
    private int _version;
    private long _gone;

    /// <summary>
    /// The existing keys of the profile, except those of queues and lists, which are captured as such. A list whose
    /// name is not UTF-8 cannot have a file of its own; when it matches a pattern of 'lists', it is captured as a key.
    /// </summary>
    public async Task<IReadOnlyList<RedisKey>> FindAsync(IReadOnlyList<QueueName> queues, CancellationToken cancellation)
    {
        var scan = new KeyScan(redis);
        var taken = queues.SelectMany(names.Of).Select(list => list.Key).ToHashSet(StringComparer.Ordinal);
        var found = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var pattern in settings.Keys)
            foreach (var name in await scan.FindAsync(RedisGlob.Escape(settings.KeyPrefix) + pattern, cancellation))
                if (!names.IsBookkeeping(name) && !taken.Contains(Encoding.UTF8.GetString(name))) found[Convert.ToHexString(name)] = name;
        var keys = await scan.DescribeAsync([.. found.Values], cancellation);
        var unnamed = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var pattern in settings.Lists.Where(RedisGlob.IsPattern))
            foreach (var name in await scan.FindAsync(RedisGlob.Escape(settings.KeyPrefix) + pattern, cancellation))
                if (!Utf8.IsValid(name) && !names.IsBookkeeping(name) && !found.ContainsKey(Convert.ToHexString(name))) unnamed[Convert.ToHexString(name)] = name;
        return [.. keys, .. (await scan.DescribeAsync([.. unnamed.Values], cancellation)).Where(key => key.Type == "list")];
    }

    /// <summary>Writes the file of the keys into the snapshot.</summary>
    public async Task<KeyTally> WriteAsync(SnapshotWriter snapshot, KeyFileHead head, IReadOnlyList<RedisKey> keys, CancellationToken cancellation)
    {
        await LineStream.WriteAsync(snapshot, QueuePath.Keys(head.Broker), LinesAsync(head, keys, cancellation), cancellation);
        return new KeyTally(_types, _version, _gone);
    }

    private async IAsyncEnumerable<Action<IBufferWriter<byte>>> LinesAsync(KeyFileHead head, IReadOnlyList<RedisKey> keys, [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return output => KeyLines.WriteHead(output, head);
        await foreach (var key in DumpAsync(keys, cancellation))
        {
            _types[key.Type] = _types.GetValueOrDefault(key.Type) + 1;
            _version = Math.Max(_version, key.Version);
            Interlocked.Increment(ref counters.ItemsDone);
            Interlocked.Add(ref counters.BytesDone, key.Payload.Length);
            yield return output => KeyLines.WriteKey(output, key);
        }
    }

    private async IAsyncEnumerable<DumpedKey> DumpAsync(IReadOnlyList<RedisKey> keys, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var size = FirstBatch;
        for (var at = 0; at < keys.Count;)
        {
            var batch = keys.Skip(at).Take(size).ToList();
            var (index, largest, now, left) = (0, 1, await NowAsync(redis, cancellation), -1L);
            IReadOnlyList<IReadOnlyList<RedisWord>> commands = [.. batch.SelectMany<RedisKey, IReadOnlyList<RedisWord>>(key => [["PTTL", key.Name], ["DUMP", key.Name]])];
            await foreach (var reply in redis.StreamAllAsync(ReplyBudget.Value, commands, cancellation))
            {
                var key = batch[index / 2];
                if (index++ % 2 == 0) left = reply.Integer;
                else if (reply.Bytes is not { } payload) _gone++;
                else
                {
                    largest = Math.Max(largest, payload.Length);
                    yield return new DumpedKey(key.Name, key.Type, left >= 0 ? now + left : 0, payload);
                }
            }
            at += batch.Count;
            size = (int)Math.Clamp(BatchBytes / largest, 1, Math.Min(LargestBatch, 2 * size));
        }
    }

    /// <summary>The time of the server, in milliseconds since 1970.</summary>
    public static async Task<long> NowAsync(RedisConnection redis, CancellationToken cancellation)
    {
        var time = await redis.CallAsync(cancellation, "TIME");
        return time.Items is [var seconds, var microseconds] ? (seconds.Integer * 1000) + (microseconds.Integer / 1000) : throw RedisProblem.Strange("TIME", redis.Place);
    }
}
