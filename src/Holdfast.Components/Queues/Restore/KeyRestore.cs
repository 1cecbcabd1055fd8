using System.Text;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Capture;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Restore;

/// <summary>
/// Restores keys to their captured values, in batches: RESTORE creates them under names of Holdfast, and one script
/// renames them. A key with the same value is left unchanged; a different one is moved aside, or deleted with
/// --overwrite.
/// </summary>
internal sealed class KeyRestore(RedisConnection redis, QueueKeys names, StepContext context, bool isOverwriting)
{
    /// <summary>Keys that are put back at once, at most, and the bytes of their values.</summary>
    public const int Batch = 100;

    private const int BatchBytes = 1 << 20;

    /// <summary>Beginning with KEYS: name, staging and aside of each key. ARGV: "overwrite" or "replace", then when each expires, or 0. Returns 0 for each key that was put back, 1 when it was the same, 2 when the one that was there is aside, 3 when it has expired.</summary>
    private const string Switch = """
        local sizes = {string = 'STRLEN', list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN', stream = 'XLEN'}
        local function same(a, b)
          local kind = redis.call('TYPE', a).ok
          if kind ~= redis.call('TYPE', b).ok then return false end
          if sizes[kind] and redis.call(sizes[kind], a) ~= redis.call(sizes[kind], b) then return false end
          if redis.call('DUMP', a) == redis.call('DUMP', b) then return true end
          if kind == 'set' then return #redis.call('SDIFF', a, b) == 0 end -- sets and hashes have no order
          if kind ~= 'hash' then return false end
          local pairs_ = redis.call('HGETALL', a)
          for i = 1, #pairs_, 2 do if redis.call('HGET', b, pairs_[i]) ~= pairs_[i + 1] then return false end end
          return true
        end
        local done = {}
        for i = 1, #KEYS, 3 do
          local to, staging, aside, result = KEYS[i], KEYS[i + 1], KEYS[i + 2], 0
          if redis.call('EXISTS', staging) == 0 then result = 3
          elseif redis.call('EXISTS', to) == 1 and same(to, staging) then
            result = 1
            local expires = ARGV[(i + 5) / 3]
            if expires == '0' then redis.call('PERSIST', to) else redis.call('PEXPIREAT', to, expires) end
            redis.call('UNLINK', staging)
          else
            if redis.call('EXISTS', to) == 1 then
              if ARGV[1] == 'overwrite' then redis.call('UNLINK', to) else redis.call('RENAME', to, aside) result = 2 end
            end
            redis.call('RENAME', staging, to)
          end
          table.insert(done, result)
        end
        return done
        """;

    private readonly Dictionary<long, long> _results = [];

    /// <summary>Puts back keys, once for each archive unless it overwrites.</summary>
    /// <param name="head">Of the keys' file.</param>
    /// <param name="keys">Those that are to be put back.</param>
    /// <param name="isWhole">They are all of the file. Keys that a person chose are put back whenever they are asked for.</param>
    /// <param name="cancellation">Ends it between two groups of keys.</param>
    /// <returns>False when it had been done before.</returns>
    public async Task<bool> RunAsync(KeyFileHead head, IAsyncEnumerable<DumpedKey> keys, bool isWhole, CancellationToken cancellation)
    {
        var mark = names.RestoredKeys(head.Archive, head.Broker);
        if (isWhole && !isOverwriting && (await redis.CallAsync(cancellation, "EXISTS", mark)).Integer == 1) return false;
        var (batch, bytes) = (new List<DumpedKey>(), 0L);
        await foreach (var key in keys.WithCancellation(cancellation))
        {
            if (batch.Count > 0 && (batch.Count == Batch || bytes + key.Payload.Length > BatchBytes))
            {
                await PutAsync(head, batch, cancellation);
                (batch, bytes) = ([], 0);
            }
            batch.Add(key);
            bytes += key.Payload.Length;
        }
        if (batch.Count > 0) await PutAsync(head, batch, cancellation);
        if (isWhole) await redis.CallAsync(cancellation, "SET", mark, $"put back by {context.RunId}");
        Report(head);
        return true;
    }

    private async Task PutAsync(KeyFileHead head, List<DumpedKey> batch, CancellationToken cancellation)
    {
        var now = await KeyCapture.NowAsync(redis, cancellation);
        var alive = batch.Where(key => key.Expires == 0 || key.Expires > now).ToList();
        Count(3, batch.Count - alive.Count);
        for (var i = 0; i < alive.Count; i++)
        {
            RedisWord staging = names.StagedKey(head.Archive, i);
            RedisWord[] words = ["RESTORE", staging, alive[i].Expires, new RedisWord(alive[i].Payload), "REPLACE", "ABSTTL"];
            var reply = await redis.TryAsync(cancellation, alive[i].Expires == 0 ? words[..^1] : words);
            if (reply.Error is { } error) throw RedisProblem.Refused(error, ["RESTORE", alive[i].Name], redis.Place);
        }
        if (alive.Count == 0) return;
        var script = new List<RedisWord> { "EVAL", Switch, 3 * alive.Count };
        for (var i = 0; i < alive.Count; i++) script.AddRange([alive[i].Name, names.StagedKey(head.Archive, i), names.AsideKey(context.RunId, alive[i].Name)]);
        script.Add(isOverwriting ? "overwrite" : "replace");
        script.AddRange(alive.Select(key => (RedisWord)key.Expires));
        foreach (var result in (await redis.CallAsync(cancellation, script)).Items) Count(result.Integer, 1);
        Interlocked.Add(ref context.Counters.ItemsDone, alive.Count);
        Interlocked.Add(ref context.Counters.BytesDone, alive.Sum(key => (long)key.Payload.Length));
    }

    private void Count(long result, long keys) => _results[result] = _results.GetValueOrDefault(result) + keys;

    private void Report(KeyFileHead head)
    {
        long Of(long result) => _results.GetValueOrDefault(result);
        context.Note($"{Of(0) + Of(2)} keys of {head.Broker} were put back; {Of(1)} were the same.");
        if (Of(3) > 0) context.Note($"{Of(3)} keys of {head.Broker} had expired, and were not put back.");
        if (Of(2) > 0) context.Note($"What was in {Of(2)} keys of {head.Broker} is in keys that begin with {Encoding.UTF8.GetString(names.AsideKey(context.RunId, []))} now.");
    }
}

/// <summary>Whether a server takes values as another server wrote them.</summary>
internal static class PayloadVersion
{
    /// <summary>The newest version of the file format that a server reads, by its own version; null when that is not known here. Source: RDB_VERSION in "rdb.h" of each release.</summary>
    public static int? ReadBy(string redisVersion)
    {
        if (!Version.TryParse(redisVersion, out var version)) return null;
        return (version.Major, version.Minor) switch
        {
            ( <= 3, _) => 7,
            (4, _) => 8,
            (5 or 6, _) => 9,
            (7, 0) => 10,
            (7, 2) => 11,
            (7, 4) => 12,
            _ => null,
        };
    }

    /// <exception cref="ProblemException">The server is too old for what was captured.</exception>
    public static void Check(int captured, string redisVersion, string place)
    {
        if (ReadBy(redisVersion) is { } newest && captured > newest)
            throw Catalogue.QueuePayload.Throwable($"The values of keys have version {captured} of Redis' file format, and Redis {redisVersion} on {place} reads versions up to {newest}.");
    }
}
