using System.Globalization;
using System.Text;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// Finds Celery's queues in a Redis server by what kombu notes of them: the set "_kombu.binding.EXCHANGE" has a member for each queue,
/// its routing key, pattern and name, separated by the characters 6 and 22. Source: kombu/transport/redis.py, _queue_bind.
/// </summary>
public static class CeleryQueues
{
    private const string Bindings = "_kombu.binding.", Separator = "\x06\x16";

    /// <summary>
    /// The databases that hold queues, with the names of the queues of each; empty when Celery does not use the server.
    /// </summary>
    /// <param name="connection">"connection" of the profile's list "queues"; its database number is ignored.</param>
    /// <param name="secrets">Reads the password that the connection refers to.</param>
    /// <param name="clock">Measures how long the server does not answer.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="Engine.Problems.ProblemException">The server cannot be reached, or refuses the
    /// connection.</exception>
    public static async Task<IReadOnlyList<(int Database, IReadOnlyList<string> Queues)>> FindAsync(
        ProfileNode connection, ISecretReader secrets, TimeProvider clock, CancellationToken cancellation)
    {
        var settings = RedisSettings.Read(connection);
        var found = new List<(int, IReadOnlyList<string>)>();
        foreach (var database in await DatabasesAsync(new RedisConnector(settings, secrets, clock), cancellation))
        {
            await using var redis = await new RedisConnector(settings with { Database = database }, secrets, clock).OpenAsync(cancellation);
            var queues = await QueuesAsync(redis, cancellation);
            if (queues.Count > 0) found.Add((database, queues));
        }
        return found;
    }

    /// <summary>The databases that have keys, as INFO lists them: "db0:keys=1,expires=0,avg_ttl=0".</summary>
    private static async Task<IReadOnlyList<int>> DatabasesAsync(RedisConnector connector, CancellationToken cancellation)
    {
        await using var redis = await connector.OpenAsync(cancellation);
        var lines = (await redis.CallAsync(cancellation, "INFO", "keyspace")).Text.Split("\r\n");
        return [.. lines.Where(line => line.StartsWith("db", StringComparison.Ordinal)).Select(line => int.Parse(line[2..line.IndexOf(':', StringComparison.Ordinal)], CultureInfo.InvariantCulture))];
    }

    private static async Task<IReadOnlyList<string>> QueuesAsync(RedisConnection redis, CancellationToken cancellation)
    {
        var queues = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var key in await new KeyScan(redis).FindAsync(Bindings + "*", cancellation))
        {
            if (!HoldsTasks(Encoding.UTF8.GetString(key)[Bindings.Length..])) continue;
            var members = await redis.CallAsync(cancellation, "SMEMBERS", key);
            queues.UnionWith(members.Items.Select(member => member.Text.Split(Separator)[^1]).Where(queue => queue.Length > 0));
        }
        return [.. queues];
    }

    /// <summary>Celery's own exchanges carry events and answers of workers.</summary>
    private static bool HoldsTasks(string exchange) => exchange != "celeryev" && !exchange.EndsWith(".pidbox", StringComparison.Ordinal);
}
