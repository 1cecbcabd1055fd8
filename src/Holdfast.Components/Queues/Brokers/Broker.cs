using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>One broker of the profile, with what is needed to work on it.</summary>
internal sealed class Broker
{
    public Broker(QueuesSettings settings, ISecretReader secrets, TimeProvider clock)
    {
        (Settings, Clock) = (settings, clock);
        Keys = new QueueKeys(settings);
        Connector = new RedisConnector(settings.Connection, secrets, clock);
        Reader = new QueueReader(settings, Keys, clock);
        Watch = new IdleWatch(Connector, Reader, settings, clock);
    }

    public QueuesSettings Settings { get; }
    public QueueKeys Keys { get; }
    public RedisConnector Connector { get; }
    public QueueReader Reader { get; }
    public IdleWatch Watch { get; }
    public TimeProvider Clock { get; }

    /// <summary>The component's name: "queues/main".</summary>
    public string Component => $"{QueuesComponent.KindName}/{Settings.Name}";

    /// <summary>
    /// The number of messages in all lists. It fails early for conditions that a backup or an archive would meet.
    /// </summary>
    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        await using var redis = await Connector.OpenAsync(cancellation);
        var count = 0L;
        foreach (var (_, key) in (await Reader.NamesAsync(redis, cancellation)).SelectMany(Keys.Of)) count += (await redis.CallAsync(cancellation, "LLEN", key)).Integer;
        return count;
    }

    /// <summary>The version of the server; empty where the user lacks the privilege to read it.</summary>
    public static async Task<string> VersionAsync(RedisConnection redis, CancellationToken cancellation)
    {
        const string name = "redis_version:";
        var facts = (await redis.TryAsync(cancellation, "INFO", "server")).Text.Split("\r\n");
        return Array.Find(facts, fact => fact.StartsWith(name, StringComparison.Ordinal))?[name.Length..] ?? "";
    }

    /// <summary>Everything about it at this moment.</summary>
    public async Task<BrokerStatus> ReadAsync(CancellationToken cancellation)
    {
        await using var redis = await Connector.OpenAsync(cancellation);
        return await Reader.ReadAsync(redis, cancellation);
    }
}
