using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>How a cluster is reached and what of it is captured: one item of the profile's list "postgres".</summary>
internal sealed record PostgresSettings
{
    private static readonly TimeSpan _standstill = TimeSpan.FromSeconds(5);

    /// <summary>The cluster's name in recovery points. "main" by default, as Debian calls the first.</summary>
    public string Name { get; init; } = "main";

    /// <summary>How it is captured. The logical copy by default, for it needs no access to files.</summary>
    public PostgresMethod Method { get; init; } = PostgresMethod.Dump;

    /// <summary>A host, or the directory of a socket. /var/run/postgresql by default: it needs no open port.</summary>
    public string Host { get; init; } = "/var/run/postgresql";

    public int Port { get; init; } = 5432;

    public string User { get; init; } = "postgres";

    /// <summary>Where the password comes from; null when the server asks for none.</summary>
    public ProfileNode? Password { get; init; }

    /// <summary>As libpq's sslmode. "prefer" by default, as libpq's.</summary>
    public string SslMode { get; init; } = "prefer";

    /// <summary>The certificates that the server's must be signed by.</summary>
    public string? SslRootCertificate { get; init; }

    /// <summary>The database that is asked about the others. "postgres" by default.</summary>
    public string Maintenance { get; init; } = "postgres";

    /// <summary>The databases to capture; null for all that allow connections and are no templates.</summary>
    public IReadOnlyList<string>? Databases { get; init; }

    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>What a check asks of the platform's own tables: users that are signed in, say.</summary>
    public IReadOnlyList<PostgresQuestion> Questions { get; init; } = [];

    /// <summary>As whom the profile's own SQL runs; null for the owner of its database.</summary>
    public string? Role { get; init; }

    /// <summary>Tables copied at once, out and in: by default as many as processors, 4 at most, to leave the server room.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>The system user that connects and that programs run as, for servers that trust a socket's peer; null for the own user.</summary>
    public string? SystemUser { get; init; }

    /// <summary>The unit of systemd that runs the server, for a restore of its files; null when nobody says.</summary>
    public string? Service { get; init; }

    /// <summary>How long to wait for a table that somebody alters. 60 seconds: others queue behind us for that long at most.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the dump of one database may take to be loaded; null for an hour, and a second for each MiB of it.</summary>
    public TimeSpan? LoadTimeout { get; init; }

    /// <summary>How long while the platform is stopped for our sake: 5 seconds, or <see cref="LockTimeout"/> when that is less.</summary>
    public TimeSpan WindowLockTimeout => LockTimeout < _standstill ? LockTimeout : _standstill;

    /// <summary>True when the server is reached by a socket of this machine.</summary>
    public bool BySocket => Host.StartsWith('/');

    /// <summary>The path of the Unix socket; null for a connection by TCP. Source: the manual of PostgreSQL, unix_socket_directories.</summary>
    public string? SocketPath => BySocket ? Path.Join(Host, $".s.PGSQL.{Port}") : null;

    public static PostgresSettings Read(ProfileNode node)
    {
        var defaults = new PostgresSettings();
        return (node.Find("connection") is { } connection ? ReadConnection(defaults, connection) : defaults) with
        {
            Name = node["name"].Text,
            Method = ReadMethod(node.Find("method")?.Text),
            Databases = Names(node.Find("databases")),
            Exclude = Names(node.Find("exclude-databases")) ?? defaults.Exclude,
            Service = node.Find("service")?.Text,
            Role = node.Find("role")?.Text,
            LockTimeout = node.Find("lock-timeout")?.Duration ?? defaults.LockTimeout,
            LoadTimeout = node.Find("load-timeout")?.Duration,
            Workers = node.Find("jobs")?.Integer ?? defaults.Workers,
            Questions = [.. node.Find("questions")?.Items.Select(PostgresQuestion.Read) ?? []],
        };
    }

    private static PostgresMethod ReadMethod(string? name) => name switch
    {
        "base" => PostgresMethod.Base,
        "cold" => PostgresMethod.Cold,
        _ => PostgresMethod.Dump,
    };

    private static PostgresSettings ReadConnection(PostgresSettings defaults, ProfileNode connection) => defaults with
    {
        Host = connection.Find("host")?.Text ?? defaults.Host,
        Port = connection.Find("port")?.Integer ?? defaults.Port,
        User = connection.Find("user")?.Text ?? defaults.User,
        Maintenance = connection.Find("database")?.Text ?? defaults.Maintenance,
        Password = connection.Find("password"),
        SslMode = connection.Find("sslmode")?.Text ?? defaults.SslMode,
        SslRootCertificate = connection.Find("sslrootcert")?.Text,
        SystemUser = connection.Find("system-user")?.Text,
    };

    /// <summary>A list of names; null for "all", and when nothing is said.</summary>
    private static List<string>? Names(ProfileNode? node) =>
        node is null || node.IsScalar ? null : [.. node.Items.Select(item => item.Text)];
}
