using System.Runtime.CompilerServices;
using System.Text;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Redis;

/// <summary>Finds keys by patterns, and what they are, without changing anything.</summary>
internal sealed class KeyScan(RedisConnection redis)
{
    /// <summary>The number of keys that one call of SCAN examines, and that are queried at once.</summary>
    private const int Page = 1000, Batch = 500;

    /// <summary>Names that are held at once, and their bytes.</summary>
    private const int Most = 1_000_000, MostBytes = 64 << 20;

    /// <summary>Names that one scan may show: a false server's never ends. Of a true one's keys, each is shown once or a few times.</summary>
    private const long MostShown = 2_000_000_000;

    /// <summary>The names that fit, each once, in the order of their bytes.</summary>
    /// <exception cref="ProblemException">More fit than can be held.</exception>
    public async Task<IReadOnlyList<byte[]>> FindAsync(string pattern, CancellationToken cancellation)
    {
        if (!RedisGlob.IsPattern(pattern)) return [Encoding.UTF8.GetBytes(RedisGlob.Literal(pattern))];
        var found = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var bytes = 0L;
        await foreach (var key in ScanAsync(pattern, cancellation))
        {
            if (found.TryAdd(Encoding.Latin1.GetString(key), key)) bytes += key.Length;
            if (bytes > MostBytes) throw Catalogue.QueueRefused.Throwable($"The names of the keys on {redis.Place} that fit '{pattern}' have more than {MostBytes >> 20} MiB.", "Name fewer of them in the profile, or copy Redis' own files while the platform is stopped.");
            if (found.Count > Most) throw Catalogue.QueueRefused.Throwable($"More than {Most} keys on {redis.Place} fit '{pattern}'.", "Name fewer of them in the profile, or copy Redis' own files while the platform is stopped.");
        }
        return [.. found.Values];
    }

    /// <summary>All names that fit, some perhaps twice. Null fits all.</summary>
    public async IAsyncEnumerable<byte[]> ScanAsync(string? pattern, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (cursor, shown) = ("0", 0L);
        var pass = redis.BeginPass("SCAN");
        do
        {
            pass();
            string? next = null;
            RedisWord[] words = pattern is null ? ["SCAN", cursor, "COUNT", Page] : ["SCAN", cursor, "MATCH", pattern, "COUNT", Page];
            await foreach (var text in redis.StreamAsync(ReplyBudget.Names, words, cancellation))
            {
                if (text is null) throw RedisProblem.Strange("SCAN", redis.Place);
                if (next is null) next = Encoding.UTF8.GetString(text);
                else if (++shown > MostShown) throw RedisProblem.Strange("SCAN", redis.Place);
                else yield return text;
            }
            cursor = next ?? throw RedisProblem.Strange("SCAN", redis.Place);
        }
        while (cursor != "0");
    }

    /// <summary>
    /// Reads the types of keys; missing keys are left out, and keys that the user lacks the privilege to read have the
    /// type "?".
    /// </summary>
    public async Task<IReadOnlyList<RedisKey>> DescribeAsync(IReadOnlyList<byte[]> names, CancellationToken cancellation)
    {
        var keys = new List<RedisKey>();
        var pass = redis.BeginPass("TYPE");
        foreach (var batch in names.Chunk(Batch))
        {
            pass();
            var commands = batch.SelectMany<byte[], IReadOnlyList<RedisWord>>(name => [["TYPE", name], ["PTTL", name]]).ToList();
            var replies = await redis.TryAllAsync(commands, cancellation);
            for (var i = 0; i < batch.Length; i++)
            {
                var (type, left) = (replies[2 * i], replies[(2 * i) + 1]);
                if (type.Error is not null) keys.Add(new RedisKey(batch[i], "?", false));
                else if (type.Text != "none") keys.Add(new RedisKey(batch[i], type.Text, left.Integer >= 0));
            }
        }
        return keys;
    }
}
