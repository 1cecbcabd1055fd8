using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The connection parameters of a cluster and what to capture: one item of the profile's list "postgres".
/// </summary>
internal sealed record PostgresSettings
{
    private static readonly TimeSpan _standstill = TimeSpan.FromSeconds(5);

    /// <summary>The cluster's name in recovery points. "main" by default, as Debian calls the first.</summary>
    public string Name { get; init; } = "main";

    /// <summary>The capture method. Dump by default, because it needs no access to files.</summary>
    public PostgresMethod Method { get; init; } = PostgresMethod.Dump;

    /// <summary>A host, or the directory of a socket. /var/run/postgresql by default: it needs no open port.</summary>
    public string Host { get; init; } = "/var/run/postgresql";

    public int Port { get; init; } = 5432;

    public string User { get; init; } = "postgres";

    /// <summary>The source of the password; null when the server requires none.</summary>
    public ProfileNode? Password { get; init; }

    /// <summary>libpq's sslmode. "prefer" by default, as in libpq.</summary>
    public string SslMode { get; init; } = "prefer";

    /// <summary>The file of root certificates that the server's certificate is verified against.</summary>
    public string? SslRootCertificate { get; init; }

    /// <summary>The database used for queries about the others. "postgres" by default.</summary>
    public string Maintenance { get; init; } = "postgres";

    /// <summary>The databases to capture; null for all that allow connections and are not templates.</summary>
    public IReadOnlyList<string>? Databases { get; init; }

    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Queries of a check on the platform's own tables: the number of signed-in users, for instance.</summary>
    public IReadOnlyList<PostgresQuestion> Questions { get; init; } = [];

    /// <summary>The role that runs the profile's own SQL; null for the owner of its database.</summary>
    public string? Role { get; init; }

    /// <summary>
    /// The number of tables copied in parallel, in backup and restore: by default the number of processors, at most 4,
    /// to leave capacity for the server.
    /// </summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>
    /// The system user that connects and that programs run as, for servers with "peer" authentication; null for the
    /// current user.
    /// </summary>
    public string? SystemUser { get; init; }

    /// <summary>
    /// The systemd unit that runs the server, for a restore of its files; null when the profile names none.
    /// </summary>
    public string? Service { get; init; }

    /// <summary>
    /// How long to wait for a lock on a table that another session alters. 60 seconds by default: the longest time for
    /// which other sessions queue behind the waiting one.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long loading the dump of one database may take; null for an hour, plus a second for each MiB of the dump.
    /// </summary>
    public TimeSpan? LoadTimeout { get; init; }

    /// <summary>
    /// The lock timeout while the platform is quiesced: 5 seconds, or <see cref="LockTimeout"/> when that is less.
    /// </summary>
    public TimeSpan WindowLockTimeout => LockTimeout < _standstill ? LockTimeout : _standstill;

    /// <summary>True when the server is reached over a Unix socket of this machine.</summary>
    public bool BySocket => Host.StartsWith('/');

    /// <summary>
    /// The path of the Unix socket; null for a connection by TCP. Source: PostgreSQL's manual, unix_socket_directories.
    /// </summary>
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

    /// <summary>Reads a list of names; null for "all", and when the setting is missing.</summary>
    private static List<string>? Names(ProfileNode? node) =>
        node is null || node.IsScalar ? null : [.. node.Items.Select(item => item.Text)];
}
