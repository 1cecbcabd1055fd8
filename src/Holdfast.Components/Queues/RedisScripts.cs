namespace Holdfast.Components.Queues;

/// <summary>
/// What must happen in Redis as a whole or not at all. A script runs to its end before the server serves anybody else. Lists are joined
/// 1000 items at a time, because Lua's stack has an end.
/// </summary>
internal static class RedisScripts
{
    private const string Join = """
        local function join(from, to)
          if redis.call('EXISTS', from) == 0 then return 0 end
          local n = redis.call('LLEN', from)
          if redis.call('EXISTS', to) == 0 then redis.call('RENAME', from, to) return n end
          for i = 0, n - 1, 1000 do redis.call('RPUSH', to, unpack(redis.call('LRANGE', from, i, i + 999))) end
          redis.call('DEL', from)
          return n
        end

        """;

    /// <summary>
    /// KEYS: the mark of what was put back, then destination, staging and aside of each list. ARGV: "add", "again", "replace" or "overwrite", the
    /// mark's text, then the length that each staging must have. Returns 0 when the mark was there, else 1 and the number of each list that was moved aside.
    /// </summary>
    public const string PutBack = Join + """
        local mode = ARGV[1]
        local function same(a, b)
          if redis.call('TYPE', a).ok ~= 'list' or redis.call('LLEN', a) ~= redis.call('LLEN', b) then return false end
          for i = 0, redis.call('LLEN', a) - 1, 1000 do
            local x, y = redis.call('LRANGE', a, i, i + 999), redis.call('LRANGE', b, i, i + 999)
            for j = 1, #x do if x[j] ~= y[j] then return false end end
          end
          return true
        end
        if (mode == 'add' or mode == 'replace') and redis.call('EXISTS', KEYS[1]) == 1 then
          for i = 2, #KEYS, 3 do redis.call('DEL', KEYS[i + 1]) end
          return {0}
        end
        if mode == 'again' then mode = 'add' end
        for i = 2, #KEYS, 3 do
          local there = redis.call('TYPE', KEYS[i]).ok
          if mode == 'add' and there ~= 'none' and there ~= 'list' then return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. there) end
          if redis.call('LLEN', KEYS[i + 1]) ~= tonumber(ARGV[2 + (i + 1) / 3]) then return redis.error_reply('ERR ' .. KEYS[i + 1] .. ' was changed by somebody else') end
        end
        -- Refused now, nothing has changed; refused at the end, the messages would be there without their mark.
        redis.call('SET', KEYS[1], ARGV[2]) redis.call('DEL', KEYS[1])
        local done = {1}
        for i = 2, #KEYS, 3 do
          local to, staging, aside = KEYS[i], KEYS[i + 1], KEYS[i + 2]
          if mode == 'add' then
            join(staging, to)
          else
            if redis.call('EXISTS', to) == 1 and not same(to, staging) then
              if mode == 'overwrite' then redis.call('DEL', to) else redis.call('RENAME', to, aside) table.insert(done, (i + 1) / 3) end
            end
            if redis.call('EXISTS', staging) == 1 then redis.call('RENAME', staging, to) end
          end
        end
        redis.call('SET', KEYS[1], ARGV[2])
        return done
        """;

    /// <summary>
    /// Takes queues out of the workers' reach. KEYS: list and private list, in pairs; then, when ARGV has tags, "unacked", "unacked_index" and the
    /// private hash and index. ARGV: how many pairs, then tags. Returns how many messages are aside.
    /// </summary>
    public const string SetAside = """
        local pairs_ = tonumber(ARGV[1])
        local aside = 0
        for i = 1, pairs_ * 2, 2 do
          if redis.call('EXISTS', KEYS[i]) == 1 and redis.call('EXISTS', KEYS[i + 1]) == 0 then redis.call('RENAME', KEYS[i], KEYS[i + 1]) end
          aside = aside + redis.call('LLEN', KEYS[i + 1])
        end
        local at = pairs_ * 2
        for i = 2, #ARGV do
          local value = redis.call('HGET', KEYS[at + 1], ARGV[i])
          if value then
            redis.call('HSET', KEYS[at + 3], ARGV[i], value)
            redis.call('ZADD', KEYS[at + 4], redis.call('ZSCORE', KEYS[at + 2], ARGV[i]) or '0', ARGV[i])
            redis.call('HDEL', KEYS[at + 1], ARGV[i])
            redis.call('ZREM', KEYS[at + 2], ARGV[i])
            aside = aside + 1
          end
        end
        return aside
        """;

    /// <summary>
    /// Takes back what <see cref="SetAside"/> did: what was archived is older than what came since, so it is taken first. KEYS: as there, with the four of the
    /// unacknowledged always, then the marks. ARGV: how many pairs, the text of the marks. What is not there any more was put back or deleted already.
    /// </summary>
    public const string TakeBack = Join + """
        local pairs_ = tonumber(ARGV[1])
        local found = 0
        for i = pairs_ * 2 + 5, #KEYS do redis.call('SET', KEYS[i], ARGV[2]) redis.call('DEL', KEYS[i]) end
        for i = 1, pairs_ * 2, 2 do found = found + join(KEYS[i + 1], KEYS[i]) end
        local at = pairs_ * 2
        local taken = redis.call('ZRANGE', KEYS[at + 4], 0, -1, 'WITHSCORES')
        for i = 1, #taken, 2 do
          local value = redis.call('HGET', KEYS[at + 3], taken[i])
          if value then
            redis.call('HSETNX', KEYS[at + 1], taken[i], value)
            redis.call('ZADD', KEYS[at + 2], taken[i + 1], taken[i])
            found = found + 1
          end
        end
        redis.call('DEL', KEYS[at + 3], KEYS[at + 4])
        if found > 0 then for i = at + 5, #KEYS do redis.call('SET', KEYS[i], ARGV[2]) end end
        return found
        """;
}
