using System.Text.RegularExpressions;
using Holdfast.Testing;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>A scene whose platform is a broker: messages of Celery's shape, written by Redis itself so that there can be many.</summary>
internal sealed partial class QueueScene : IAsyncDisposable
{
    /// <summary>Waiting messages with priorities, items of a plain list, and entries that a worker had taken before it died.</summary>
    private const string Fill = """
        local n = tonumber(ARGV[1])
        local function pad(id) return string.rep(redis.sha1hex(id), tonumber(ARGV[2]) / 40) end
        local function message(id, priority) return '{"body": "' .. pad(id) .. '", "headers": {"id": "' .. id .. '", "task": "x", "retries": 0}, "properties": {"delivery_tag": "d' .. id .. '", "priority": ' .. priority .. '}}' end
        for i = 1, n do
          redis.call('LPUSH', i % 5 == 0 and 'work\6\0226' or 'work', message('w' .. i, i % 5 == 0 and 6 or 0))
          redis.call('LPUSH', 'plain', 'item "id": "p' .. i .. '" ' .. pad('p' .. i) .. '\255')
        end
        for i = 1, n / 100 do
          redis.call('HSET', 'unacked', 'tag' .. i, '[' .. message('u' .. i, 0) .. ', "", "work"]')
          redis.call('ZADD', 'unacked_index', 1700000000 + i, 'tag' .. i)
        end
        """;

    private QueueScene(RedisServer redis, Scene scene) => (Redis, Scene) = (redis, scene);

    public RedisServer Redis { get; }
    public Scene Scene { get; }

    /// <param name="connection">More of the profile's connection, as ", user: somebody".</param>
    /// <param name="prepare">What is done before the repository is made.</param>
    public static async Task<QueueScene> StartAsync(string connection = "", Func<Scene, Task>? prepare = null)
    {
        var redis = await RedisServer.StartAsync();
        var scene = new Scene();
        scene.WriteProfile("scene", $$"""
            queues:
              - name: main
                connection: { port: {{redis.Port}}{{connection}} }
                queues: [work]
                lists: [plain]
            """);
        if (prepare is not null) await prepare(scene);
        await scene.MakeRepositoryAsync();
        return new QueueScene(redis, scene);
    }

    public Task<string> FillAsync(int count, int bytes = 100) => Redis.CallAsync("EVAL", Fill, "0", $"{count}", $"{bytes}");

    /// <summary>The ids of all messages that workers would come by, sorted; one that is there twice is here twice.</summary>
    public async Task<IReadOnlyList<string>> IdsAsync()
    {
        var all = await Redis.CallAsync("EVAL", """
            local ids = {}
            local function note(text) for id in string.gmatch(text, '"id": "([%w-]+)"') do table.insert(ids, id) end end
            for _, key in ipairs({'work', 'work\6\0223', 'work\6\0226', 'work\6\0229', 'plain'}) do
              for i = 0, redis.call('LLEN', key) - 1, 500 do for _, item in ipairs(redis.call('LRANGE', key, i, i + 499)) do note(item) end end
            end
            for _, item in ipairs(redis.call('HVALS', 'unacked')) do note(item) end
            return ids
            """, "0");
        return [.. all.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
    }

    /// <summary>Our own keys, but for the marks of what was put back.</summary>
    public async Task<IReadOnlyList<string>> LeftoversAsync() =>
        [.. (await Redis.CallAsync("KEYS", "holdfast:*")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(key => !Mark().IsMatch(key))];

    public async ValueTask DisposeAsync()
    {
        Scene.Dispose();
        await Redis.DisposeAsync();
    }

    [GeneratedRegex("^holdfast:restored:", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mark();
}
