namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// Changes in Redis that must be atomic. A script blocks the server until it ends, so no script reads or moves more
/// than its limit: whole lists are moved by RENAME, and items are moved by many calls, each of which leaves every
/// message in one place.
/// </summary>
internal static class RedisScripts
{
    /// <summary>The limits of one call that moves items: items, and bytes.</summary>
    public const int MovedItems = 1000, MovedBytes = 1 << 20;

    /// <summary>
    /// KEYS: the mark of what was put back, then destination, staging, aside and joining of each list. ARGV: "add", "again", "replace" or "overwrite", the
    /// mark's text, then for each list the length that its staging must have, and "same" when its destination stays as it is. Returns 0 when the mark was
    /// there, else 1 and the number of each list that was moved aside. What must be joined is in the joining lists then.
    /// </summary>
    public const string PutBack = """
        local mode = ARGV[1]
        local adds = mode == 'add' or mode == 'again'
        if (mode == 'add' or mode == 'replace') and redis.call('EXISTS', KEYS[1]) == 1 then
          for i = 2, #KEYS, 4 do redis.call('UNLINK', KEYS[i + 1]) end
          return {0}
        end
        for i = 2, #KEYS, 4 do
          local there = redis.call('TYPE', KEYS[i]).ok
          if adds and there ~= 'none' and there ~= 'list' then return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. there) end
          if redis.call('LLEN', KEYS[i + 1]) ~= tonumber(ARGV[2 + i / 2]) then return redis.error_reply('ERR ' .. KEYS[i + 1] .. ' was changed by another client') end
          if redis.call('EXISTS', KEYS[i + 3]) == 1 then return redis.error_reply('ERR ' .. KEYS[i + 3] .. ' is of a run that has not ended; run holdfast recover') end
        end
        -- Refused now, nothing has changed; refused at the end, the messages would be there without their mark.
        redis.call('UNLINK', KEYS[1]) redis.call('SET', KEYS[1], ARGV[2]) redis.call('UNLINK', KEYS[1])
        local done = {1}
        for i = 2, #KEYS, 4 do
          local to, staging, aside, joining = KEYS[i], KEYS[i + 1], KEYS[i + 2], KEYS[i + 3]
          local is_there = redis.call('EXISTS', to) == 1
          if adds then
            if redis.call('EXISTS', staging) == 1 then redis.call('RENAME', staging, is_there and joining or to) end
          elseif ARGV[3 + i / 2] ~= 'same' then
            if is_there and mode == 'overwrite' then redis.call('UNLINK', to) end
            if is_there and mode == 'replace' then redis.call('RENAME', to, aside) table.insert(done, (i + 2) / 4) end
            if redis.call('EXISTS', staging) == 1 then redis.call('RENAME', staging, to) end
          end
        end
        redis.call('SET', KEYS[1], ARGV[2])
        return done
        """;

    /// <summary>
    /// Puts a list in front of another, so that it is taken first: what came since is moved behind it, the oldest first, and it takes the other's name when
    /// nothing is left there. KEYS: the list, the other. ARGV: items and bytes at most. Returns 1 when it is done, and does nothing then.
    /// </summary>
    public const string Join = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
        local bytes = 0
        for i = 1, tonumber(ARGV[1]) do
          local item = redis.call('RPOPLPUSH', KEYS[2], KEYS[1])
          if not item then redis.call('RENAME', KEYS[1], KEYS[2]) return 1 end
          bytes = bytes + #item
          if bytes >= tonumber(ARGV[2]) then return 0 end
        end
        return 0
        """;

    /// <summary>Takes queues out of the workers' reach. KEYS: list and private list, in pairs. Returns how many messages are aside.</summary>
    public const string SetAside = """
        local aside = 0
        for i = 1, #KEYS, 2 do
          if redis.call('EXISTS', KEYS[i]) == 1 and redis.call('EXISTS', KEYS[i + 1]) == 0 then redis.call('RENAME', KEYS[i], KEYS[i + 1]) end
          aside = aside + redis.call('LLEN', KEYS[i + 1])
        end
        return aside
        """;

    /// <summary>Takes what dead workers had taken. KEYS: "unacked", "unacked_index" and the private hash and index. ARGV: tags. Returns how many were there.</summary>
    public const string SetTakenAside = """
        local aside = 0
        for i = 1, #ARGV do
          local value = redis.call('HGET', KEYS[1], ARGV[i])
          if value then
            redis.call('HSET', KEYS[3], ARGV[i], value)
            redis.call('ZADD', KEYS[4], redis.call('ZSCORE', KEYS[2], ARGV[i]) or '0', ARGV[i])
            redis.call('HDEL', KEYS[1], ARGV[i])
            redis.call('ZREM', KEYS[2], ARGV[i])
            aside = aside + 1
          end
        end
        return aside
        """;

    /// <summary>
    /// Begins to undo the move of messages that were set aside: from now on they count as put back. KEYS: the private
    /// keys, then the marks. ARGV: the number of private keys, the text of the marks. A key that no longer exists was
    /// put back or deleted already.
    /// </summary>
    public const string TakeBack = """
        local private = tonumber(ARGV[1])
        local found = 0
        for i = 1, private do found = found + redis.call('EXISTS', KEYS[i]) end
        if found > 0 then for i = private + 1, #KEYS do redis.call('SET', KEYS[i], ARGV[2]) end end
        return found
        """;

    /// <summary>Takes back what workers had taken. KEYS: as in <see cref="SetTakenAside"/>. ARGV: entries and bytes at most. Returns 1 when it is done, and does nothing then.</summary>
    public const string TakeTakenBack = """
        local bytes = 0
        for i = 1, tonumber(ARGV[1]) do
          local taken = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
          if #taken == 0 then redis.call('UNLINK', KEYS[3], KEYS[4]) return 1 end
          local value = redis.call('HGET', KEYS[3], taken[1])
          if value then
            redis.call('HSETNX', KEYS[1], taken[1], value)
            redis.call('ZADD', KEYS[2], taken[2], taken[1])
            bytes = bytes + #value
          end
          redis.call('HDEL', KEYS[3], taken[1])
          redis.call('ZREM', KEYS[4], taken[1])
          if bytes >= tonumber(ARGV[2]) then return 0 end
        end
        return 0
        """;

    /// <summary>Calls a script that moves a limited part until it has moved all.</summary>
    public static async Task MoveAsync(RedisConnection redis, string script, IReadOnlyList<RedisWord> keys, CancellationToken cancellation)
    {
        while ((await redis.CallAsync(cancellation, ["EVAL", script, keys.Count, .. keys, MovedItems, MovedBytes])).Integer == 0) cancellation.ThrowIfCancellationRequested();
    }
}
