using System.Diagnostics;
using System.Text.Json.Nodes;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>A real server whose archive_command is the published binary, the service that it asks, and a repository.</summary>
internal sealed class WalScene : IAsyncDisposable
{
    private readonly string _binary;
    private Process? _service;
    private Task<string> _told = Task.FromResult("");

    private WalScene(Scene scene, PostgresServer server, string binary) => (Scene, Server, _binary) = (scene, server, binary);

    public Scene Scene { get; }

    public PostgresServer Server { get; }

    /// <summary>Beside the server's own socket: the user "postgres" can go there.</summary>
    public string Socket => Path.Combine(Server.Folder, "serve.sock");

    public static string Log(PostgresServer server) => Path.Combine(server.Data, "pg_wal");

    public static async Task<WalScene> MakeAsync(bool archives = true, Func<Scene, Task>? prepare = null)
    {
        var scene = new Scene();
        if (prepare is not null) await prepare(scene);
        var server = await PostgresServer.StartAsync(new PostgresServerOptions { Settings = archives ? ["archive_mode=on", "archive_command='false'"] : [] });
        scene.WriteProfile("scene", $$"""
            postgres:
              - name: main
                connection: { host: {{server.Folder}}, port: {{server.Port}} }
            """);
        await scene.MakeRepositoryAsync();
        // The published binary may lie where only root can go.
        var binary = Path.Combine(server.Folder, "holdfast");
        File.Copy(HoldfastBinary.Find(), binary);
        return new WalScene(scene, server, binary);
    }

    /// <summary>Lets the server archive by the service from now on.</summary>
    public async Task ArchiveAsync()
    {
        await ServeAsync();
        await Server.ExecuteAsync("postgres", $"ALTER SYSTEM SET archive_command = '{_binary} wal push %p --socket {Socket}'; SELECT pg_reload_conf();");
    }

    /// <summary>Commands run the binary that the server can run, too.</summary>
    public void LetServerRunBinary() => Scene.UseBinary(_binary);

    /// <summary>Names a unit in the profile, which a script in the place of systemctl restarts.</summary>
    public void NameUnit(string unit)
    {
        Scene.WriteProfile("scene", $$"""
            postgres:
              - name: main
                service: {{unit}}
                connection: { host: {{Server.Folder}}, port: {{Server.Port}} }
            """);
        var folder = Path.Combine(Server.Folder, "programs");
        Directory.CreateDirectory(folder);
        var log = Path.Combine(Server.Folder, "log");
        File.WriteAllText(Path.Combine(folder, "systemctl"), $"#!/bin/sh\n[ \"$*\" = 'restart -- {unit}' ] && exec runuser -u postgres -- {Server.Program("pg_ctl")} -D {Server.Data} -w -m fast -l {log} -o '-p {Server.Port} -k {Server.Folder}' restart > /dev/null\n");
        File.SetUnixFileMode(Path.Combine(folder, "systemctl"), (UnixFileMode)0b111_101_101);
        Scene.Programs = folder;
    }

    public async Task ServeAsync()
    {
        _service = Scene.Start("serve", "--socket", Socket);
        var ready = await _service.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        if (ready is null) throw new InvalidOperationException(await _service.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        _ = _service.StandardOutput.ReadToEndAsync();
        _told = _service.StandardError.ReadToEndAsync();
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _service!.Kill();
        await _service.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>SIGTERM; returns the exit code and what it told on standard error.</summary>
    public async Task<(int, string)> StopAsync()
    {
        (await Command.RunAsync("kill", [$"{_service!.Id}"])).Succeeded();
        await _service.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (_service.ExitCode, await _told);
    }

    /// <summary>The binary as archive_command runs it, without a profile.</summary>
    public Task<CommandResult> PushAsync(string path, params IEnumerable<string> more) => Command.RunAsync(_binary, ["wal", "push", path, "--socket", Socket, .. more]);

    public string CommandLine(string verb) => $"{_binary} wal {verb} --socket {Socket}";

    /// <summary>Writes something and ends the segment; returns its name.</summary>
    public async Task<string> SwitchAsync(int rows = 1000)
    {
        await Server.ExecuteAsync("postgres", $"CREATE TABLE IF NOT EXISTS t (id serial, filler text); INSERT INTO t (filler) SELECT repeat(md5(random()::text), 8) FROM generate_series(1, {rows});");
        return await Server.QueryAsync("postgres", "SELECT pg_walfile_name(pg_switch_wal())");
    }

    /// <summary>Waits until the server has archived a file, and all before it.</summary>
    public async Task UntilArchivedAsync(string name)
    {
        var last = "";
        await Eventually.HoldsAsync($"{name} is archived", async () =>
        {
            last = await Server.QueryAsync("postgres", "SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver");
            return string.CompareOrdinal(last, name) >= 0;
        }, () => $"The last one is '{last}'.\n{Server.Log}");
    }

    public async Task<(int Exit, JsonNode Status, string All)> StatusAsync()
    {
        var result = await Scene.RunAsync("wal", "status", "--json");
        return (result.ExitCode, JsonNode.Parse(result.Output.Split('\n')[0])!, result.ToString());
    }

    /// <summary>A base backup of the server, without any WAL.</summary>
    public async Task<string> BaseBackupAsync()
    {
        var data = Path.Combine(Server.Folder, $"base-{Guid.NewGuid():N}");
        (await Server.RunAsync("pg_basebackup", ["-D", data, "-X", "none", "-c", "fast"])).Succeeded();
        return data;
    }

    /// <summary>Starts a server on a base backup that recovers from the archive, and asks it something when it is open for business.</summary>
    public async Task<string> RecoverAsync(string data, string sql, string settings = "")
    {
        var port = FreePort.Next();
        await File.AppendAllTextAsync(Path.Combine(data, "postgresql.auto.conf"), $"""

            restore_command = '{CommandLine("fetch %f %p")}'
            archive_mode = off
            port = {port}
            unix_socket_directories = '{data}'
            {settings}

            """, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "recovery.signal"), "", TestContext.Current.CancellationToken);
        (await Command.RunAsync("chown", ["-R", "postgres", data])).Succeeded();
        var log = Path.Combine(Server.Folder, "recovered.log");
        try
        {
            var started = await AsServerAsync("pg_ctl", "-D", data, "-w", "-t", "120", "-l", log, "start");
            Assert.True(started.ExitCode == 0, File.ReadAllText(log));
            await Eventually.HoldsAsync("the server has recovered", async () => await AskAsync("SELECT pg_is_in_recovery()") == "f", () => File.ReadAllText(log));
            return await AskAsync(sql);
        }
        finally
        {
            await AsServerAsync("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
        }

        async Task<string> AskAsync(string query) =>
            (await Command.RunAsync(Server.Program("psql"), ["-XAtq", "-h", data, "-p", $"{port}", "-U", "postgres", "-c", query, "postgres"])).Succeeded().Output.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is { HasExited: false })
        {
            _service.Kill();
            await _service.WaitForExitAsync();
        }
        await Server.DisposeAsync();
        Scene.Dispose();
    }

    private Task<CommandResult> AsServerAsync(string program, params string[] arguments) =>
        Command.RunAsync("runuser", ["-u", "postgres", "--", Server.Program(program), .. arguments]);
}
