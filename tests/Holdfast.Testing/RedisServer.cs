using System.Diagnostics;
using System.Globalization;

namespace Holdfast.Testing;

/// <summary>
/// A real Redis server of a test, on a port of the loopback and a socket in its own folder. $HOLDFAST_REDIS names another redis-server
/// than the one in PATH. It keeps an append-only file, so that it can die and come back. It is stopped and removed when it is disposed of.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly string _program;
    private readonly IReadOnlyList<string> _settings;
    private Process? _process;

    private RedisServer(string program, TempFolder folder, int port, IReadOnlyList<string> settings) => (_program, _folder, Port, _settings) = (program, folder, port, settings);

    public int Port { get; }

    /// <summary>Files of the server, and what a test adds to them.</summary>
    public TempFolder Folder => _folder;

    public string Socket => _folder["redis.sock"];

    /// <summary>The port that speaks TLS, when the settings ask for one: the one after <see cref="Port"/>.</summary>
    public int TlsPort => Port + 1;

    /// <summary>Arguments of redis-cli before those of <see cref="CallAsync"/>: a password, say.</summary>
    public IReadOnlyList<string> ClientOptions { get; set; } = [];

    /// <summary>Starts one; skips the test when Redis is not installed. <paramref name="settings"/> are further words of its command line; {folder} and {tls-port} are filled in.</summary>
    public static async Task<RedisServer> StartAsync(params IReadOnlyList<string> settings)
    {
        var named = Environment.GetEnvironmentVariable("HOLDFAST_REDIS");
        var program = string.IsNullOrEmpty(named) ? Require.Program("redis-server") : named;
        var server = new RedisServer(program, new TempFolder(), FreePort.Next(2), settings);
        try
        {
            await server.StartServerAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the process, again after <see cref="KillAsync"/>.</summary>
    public async Task StartServerAsync()
    {
        string[] words =
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--unixsocket", Socket, "--dir", _folder.Path, "--save", "", "--appendonly", "yes", "--appendfsync", "no",
            "--logfile", _folder["redis.log"], .. _settings.Select(word => word.Replace("{folder}", _folder.Path, StringComparison.Ordinal).Replace("{tls-port}", $"{TlsPort}", StringComparison.Ordinal)),
        ];
        _process = Command.Start(_program, words);
        _process.StandardInput.Close();
        await Eventually.HoldsAsync("Redis answers", async () =>
        {
            if (_process.HasExited) throw new InvalidOperationException($"redis-server did not start: {await File.ReadAllTextAsync(_folder["redis.log"])}");
            return (await Command.RunAsync(Require.Program("redis-cli"), ["-p", $"{Port}", .. ClientOptions, "ping"])).Output.Contains("PONG", StringComparison.Ordinal);
        }, () => File.ReadAllText(_folder["redis.log"]));
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>What redis-cli writes, without the line break at its end.</summary>
    public async Task<string> CallAsync(params IEnumerable<string> words) =>
        (await Command.RunAsync(Require.Program("redis-cli"), ["-p", $"{Port}", "--raw", .. ClientOptions, .. words])).Succeeded().Output.TrimEnd('\n');

    public async Task<long> CountAsync(params IEnumerable<string> words) => long.Parse(await CallAsync(words), CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }
}
