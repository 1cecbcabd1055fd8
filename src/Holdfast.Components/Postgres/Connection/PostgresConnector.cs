using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Profiles;
using Npgsql;
using Npgsql.Replication;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>Opens connections to one cluster, and passes connection parameters to PostgreSQL's programs.</summary>
internal sealed class PostgresConnector(PostgresSettings settings, ISecretReader secrets, IHost host)
{
    private const int ConnectSeconds = 15;

    private string? _password;

    /// <summary>
    /// Further settings for the startup packet, which not every server knows; null before a server was queried.
    /// </summary>
    private string? _moreOptions;
    private (uint User, uint Group)? _peer;

    public PostgresSettings Settings => settings;

    /// <summary>The machine that programs run on.</summary>
    public IHost Host => host;

    /// <summary>
    /// Opens a connection without a pool: a restore renames databases, so no idle connection may remain in them.
    /// </summary>
    /// <exception cref="Engine.Problems.ProblemException">
    /// The server is down, rejects the connection, or has no such database.
    /// </exception>
    /// <param name="database">The database's name.</param>
    /// <param name="cancellation">Cancels the attempt.</param>
    /// <param name="bytes">
    /// The server encoding whose bytes become one character each, without conversion; null for normal text.
    /// </param>
    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellation, string? bytes = null)
    {
        if (_moreOptions is null && database != settings.Maintenance) await ReadOptionsAsync(cancellation);
        try
        {
            return await TryOpenAsync(database, bytes, cancellation);
        }
        catch (PostgresException other) when (other.SqlState == PostgresErrorCodes.UndefinedObject && _moreOptions is { Length: > 0 })
        {
            // The server has been replaced by another one, which does not know all of these settings.
            _moreOptions = "";
            return await OpenAsync(database, cancellation, bytes);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.OfConnecting(exception, $"Connecting to database \"{database}\" of {Place} failed", settings.SocketPath);
        }
    }

    private async Task<NpgsqlConnection> TryOpenAsync(string database, string? bytes, CancellationToken cancellation)
    {
        await using var source = await BuildSourceAsync(database, bytes, cancellation);
        return await SettleAsync(await ConnectAsync(source, cancellation), cancellation);
    }

    /// <summary>
    /// Reads the settings from the maintenance database; where that cannot be used, only the first statement of a
    /// session sets them.
    /// </summary>
    private async Task ReadOptionsAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await TryOpenAsync(settings.Maintenance, null, cancellation);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            // The caller that opens the requested database gets the error.
        }
    }

    /// <summary>
    /// Opens a connection for work on whole databases: never to <paramref name="except"/>, which cannot be renamed
    /// while a session is connected to it.
    /// </summary>
    public Task<NpgsqlConnection> OpenMaintenanceAsync(CancellationToken cancellation, string? except = null) =>
        OpenAsync(settings.Maintenance == except ? Other(except) : settings.Maintenance, cancellation);

    /// <summary>Opens a connection for receiving WAL.</summary>
    public async Task<PhysicalReplicationConnection> OpenReplicationAsync(CancellationToken cancellation)
    {
        ClientEnvironment.Clear();
        var builder = await DescribeAsync(settings.Maintenance, bytes: null, new NpgsqlConnectionStringBuilder(), cancellation);
        builder.Options = "";
        // The end of a WAL stream is waited for; the size of a segment bounds what is still sent.
        builder.CancellationTimeout = 2_000;
        var connection = new PhysicalReplicationConnection(builder.ConnectionString);
        // The kernel takes the peer's credentials when the connection begins, which is before the first await.
        if (await FindPeerAsync(cancellation) is { } peer) await await PeerIdentity.RunAsAsync(peer, () => connection.Open(cancellation));
        else await connection.Open(cancellation);
        return connection;
    }

    /// <summary>
    /// Opens a connection of libpq for what Npgsql does not support; the caller must release it with PQfinish.
    /// </summary>
    /// <exception cref="Engine.Problems.ProblemException">The server is down, or rejects the connection.</exception>
    public async Task<nint> OpenLibPqAsync(CancellationToken cancellation)
    {
        ClientEnvironment.Clear();
        var parameters = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["host"] = settings.Host, ["port"] = $"{settings.Port}", ["user"] = settings.User, ["password"] = await PasswordAsync(cancellation), ["replication"] = "true",
            ["sslmode"] = settings.SslMode, ["sslrootcert"] = settings.SslRootCertificate, ["application_name"] = "holdfast", ["connect_timeout"] = $"{ConnectSeconds}", ["client_encoding"] = "UTF8",
        };
        var text = string.Join(' ', parameters.Where(one => !string.IsNullOrEmpty(one.Value)).Select(one => $"{one.Key}='{one.Value!.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'"));
        var connection = await FindPeerAsync(cancellation) is { } peer ? await PeerIdentity.RunAsAsync(peer, () => LibPq.PQconnectdb(text)) : await Task.Run(() => LibPq.PQconnectdb(text), cancellation);
        if (LibPq.PQstatus(connection) == LibPq.Connected) return connection;
        var why = LibPq.ErrorOf(connection);
        LibPq.PQfinish(connection);
        var isRefused = why.Contains("authentication", StringComparison.Ordinal) || why.Contains("pg_hba.conf", StringComparison.Ordinal) || why.Contains("password", StringComparison.Ordinal);
        throw (isRefused ? Engine.Problems.Catalogue.PostgresAuthentication : Engine.Problems.Catalogue.PostgresUnreachable).Throwable($"Connecting to {Place} for replication failed: {why.TrimEnd('.')}.");
    }

    private static string Other(string database) => database == "template1" ? "postgres" : "template1";

    /// <summary>
    /// Prepares a call of a PostgreSQL program, with the connection parameters in its environment: any user can read a
    /// command line.
    /// </summary>
    public async Task<ProgramCall> CallAsync(string program, IReadOnlyList<string> arguments, string database, CancellationToken cancellation)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGHOST"] = settings.Host,
            ["PGPORT"] = $"{settings.Port}",
            ["PGUSER"] = settings.User,
            ["PGDATABASE"] = database,
            ["PGSSLMODE"] = settings.SslMode,
            ["PGOPTIONS"] = StartupSettings.Options + _moreOptions,
            ["PGCLIENTENCODING"] = "UTF8",
            ["PG_COLOR"] = "never",
            ["LC_ALL"] = "C",
        };
        if (settings.SslRootCertificate is { } certificate) environment["PGSSLROOTCERT"] = certificate;
        if (await PasswordAsync(cancellation) is { Length: > 0 } password) environment["PGPASSWORD"] = password;
        // Libpq keeps all parameters that a server reports, without a limit.
        var memory = Math.Max(1L << 30, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);
        return new ProgramCall(program, arguments) { Environment = environment, User = settings.SystemUser, Memory = memory };
    }

    public string Place => settings.BySocket ? $"the socket in {settings.Host}, port {settings.Port}" : $"{settings.Host}:{settings.Port}";

    private async Task<NpgsqlDataSource> BuildSourceAsync(string database, string? bytes, CancellationToken cancellation)
    {
        ClientEnvironment.Clear();
        var builder = new NpgsqlSlimDataSourceBuilder();
        builder.EnableTransportSecurity();
        // Otherwise Npgsql would look types up by names that the owner of a database may have redefined.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        await DescribeAsync(database, bytes, builder.ConnectionStringBuilder, cancellation);
        return builder.Build();
    }

    private async Task<NpgsqlConnectionStringBuilder> DescribeAsync(string database, string? bytes, NpgsqlConnectionStringBuilder connection, CancellationToken cancellation)
    {
        connection.Host = settings.Host;
        connection.Port = settings.Port;
        connection.Username = settings.User;
        connection.Database = database;
        connection.Password = await PasswordAsync(cancellation);
        connection.SslMode = Mode(settings.SslMode);
        connection.RootCertificate = settings.SslRootCertificate;
        connection.ApplicationName = "holdfast";
        connection.Pooling = false;
        connection.CommandTimeout = 0;
        connection.Timeout = ConnectSeconds;
        connection.KeepAlive = 0;
        // A cancelled command closes its connection at once: a server that sends without end ignores a cancel request.
        connection.CancellationTimeout = -1;
        connection.ReadBufferSize = connection.WriteBufferSize = 64 << 10;
        connection.Options = StartupSettings.Options + _moreOptions;
        connection.IncludeErrorDetail = true;
        connection.ClientEncoding = bytes ?? "UTF8";
        if (bytes is null) return connection;
        // Npgsql counts the bytes of the startup packet as UTF-8: with non-ASCII letters the server would wait for more
        // bytes.
        if (!Ascii.IsValid(database) || !Ascii.IsValid(settings.User))
            throw Engine.Problems.Catalogue.PostgresDump.Throwable(
                $"Database \"{database}\" cannot be used by a session whose characters are bytes, as SQL_ASCII and scripts of dumps need: its name or that of the user \"{settings.User}\" has letters beyond ASCII.",
                "Name a user with an ASCII name in the profile, rename the database (ALTER DATABASE ... RENAME TO ...), or use 'method: base'.");
        connection.Encoding = "iso-8859-1";
        return connection;
    }

    private async Task<NpgsqlConnection> SettleAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            await StartupSettings.ApplyAsync(connection, cancellation);
            _moreOptions ??= await StartupSettings.ReadOptionsAsync(connection, cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        // Npgsql's own timeout measures silence: a server that sends parameters without end never exceeds it.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(2 * ConnectSeconds));
        try
        {
            if (await FindPeerAsync(cancellation) is { } peer) return await PeerIdentity.RunAsAsync(peer, source.OpenConnection).WaitAsync(deadline.Token);
            return await source.OpenConnectionAsync(deadline.Token);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new NpgsqlException($"it has not finished greeting us in {2 * ConnectSeconds} seconds", late);
        }
    }

    /// <summary>The system user to connect as; null for the current one.</summary>
    private async Task<(uint User, uint Group)?> FindPeerAsync(CancellationToken cancellation)
    {
        if (settings.SystemUser is not { } user || !settings.BySocket || !Environment.IsPrivilegedProcess) return null;
        return _peer ??= await PeerIdentity.FindAsync(host, user, cancellation);
    }

    private async Task<string?> PasswordAsync(CancellationToken cancellation)
    {
        if (settings.Password is null) return null;
        return _password ??= await secrets.ReadAsync(settings.Password, cancellation);
    }

    private static SslMode Mode(string name) => name switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => SslMode.Prefer,
    };
}
