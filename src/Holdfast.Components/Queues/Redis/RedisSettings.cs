using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues.Redis;

/// <summary>The connection to a Redis server: "connection" of one item of the profile's list "queues".</summary>
internal sealed record RedisSettings
{
    public string Host { get; init; } = "127.0.0.1";

    public int Port { get; init; } = 6379;

    /// <summary>The path of a Unix socket; it is used in place of host and port.</summary>
    public string? Socket { get; init; }

    /// <summary>The number of the database, which kombu calls the virtual host.</summary>
    public int Database { get; init; }

    /// <summary>The ACL user; null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>The source of the password; null when the server requires none.</summary>
    public ProfileNode? Password { get; init; }

    /// <summary>Null for a connection in clear.</summary>
    public RedisTlsSettings? Tls { get; init; }

    /// <summary>
    /// The time limit for connecting, and for an answer of the server. 15 seconds: a script that blocks it for longer
    /// is an outage.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    public string Place => Socket ?? $"{Host}:{Port}";

    public static RedisSettings Read(ProfileNode? node)
    {
        var defaults = new RedisSettings();
        return node is null ? defaults : defaults with
        {
            Host = node.Find("host")?.Text ?? defaults.Host,
            Port = node.Find("port")?.Integer ?? defaults.Port,
            Socket = node.Find("socket")?.Text,
            Database = node.Find("database")?.Integer ?? defaults.Database,
            User = node.Find("user")?.Text,
            Password = node.Find("password"),
            Tls = node.Find("tls") is { } tls ? RedisTlsSettings.Read(tls) : null,
        };
    }
}
