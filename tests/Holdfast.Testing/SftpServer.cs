using System.Diagnostics;
using System.Globalization;

namespace Holdfast.Testing;

/// <summary>
/// A real sshd on a port of the loopback, with keys of its own, that lets the running user in by a key. It is stopped, and its
/// folder removed, when it is disposed of.
/// </summary>
public sealed class SftpServer : IAsyncDisposable
{
    private readonly string _words;
    private readonly string[] _before;
    private Process? _process;

    private SftpServer(string words, string? space) =>
        (_words, _before) = (words, space is null ? [] : ["ip", "netns", "exec", space]);

    public int Port { get; } = FreePort.Next();

    /// <summary>Repositories are in "data"; keys and configurations are beside it.</summary>
    public TempFolder Folder { get; } = new();

    /// <summary>The directory of a repository on it.</summary>
    public string Data => Folder["data/shop/repository"];

    /// <summary>The user's private key.</summary>
    public string Identity => Folder["id"];

    /// <summary>The file with the server's key.</summary>
    public string KnownHosts => Folder["known"];

    /// <summary>A configuration of ssh that calls the server "store".</summary>
    public string Configuration => Folder["config"];

    /// <summary>The location of a repository on it, which needs the two files.</summary>
    public string Location => $"sftp://{Environment.UserName}@127.0.0.1:{Port}/{Data}";

    /// <summary>The same, which needs the configuration.</summary>
    public string ShortLocation => $"sftp:store:{Data}";

    /// <summary>Starts one; skips the test when sshd is not installed.</summary>
    /// <param name="words">Words for the server of SFTP: "-R" makes it read-only, "-P NAME,..." denies requests.</param>
    /// <param name="space">The network namespace on whose loopback it listens; null for ours.</param>
    public static async Task<SftpServer> StartAsync(string words = "", string? space = null)
    {
        var server = new SftpServer(words, space);
        try
        {
            await server.MakeKeysAsync();
            await server.StartProcessAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The processes of connections that are open: one for each, or two where rights are separated.</summary>
    public async Task<IReadOnlyList<int>> ConnectionsAsync()
    {
        var found = await Command.RunAsync("pgrep", ["-P", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        return [.. found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <summary>kill -9 of what serves each connection.</summary>
    public async Task<int> KillConnectionsAsync()
    {
        var processes = await ConnectionsAsync();
        foreach (var process in processes) await Command.RunAsync("kill", ["-9", process.ToString(CultureInfo.InvariantCulture)]);
        return processes.Count;
    }

    /// <summary>Holds the connections that are open: they do nothing; or lets them go on.</summary>
    public async Task HoldConnectionsAsync(bool held)
    {
        foreach (var process in await ConnectionsAsync())
            await Command.BashAsync("kill \"$1\" \"$2\" $(pgrep -P \"$2\")", held ? "-STOP" : "-CONT", process.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Starts the process, again after <see cref="StopProcess"/>.</summary>
    public async Task StartProcessAsync()
    {
        if (Environment.IsPrivilegedProcess) Directory.CreateDirectory("/run/sshd"); // it does not start without
        string[] line = [.. _before, Require.Program("sshd"), "-D", "-e", "-f", Folder["sshd_config"]];
        _process = Command.Start(line[0], line[1..]);
        _process.StandardInput.Close();
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        await Eventually.HoldsAsync("sshd listens", async () =>
            _process.HasExited ? throw new InvalidOperationException("sshd has ended.") : await ListensAsync());
    }

    /// <summary>kill -9 of the process that listens; connections go on.</summary>
    public void StopProcess()
    {
        if (_process is null) return;
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public ValueTask DisposeAsync()
    {
        StopProcess();
        Folder.Dispose();
        return default;
    }

    private async Task MakeKeysAsync()
    {
        Require.Program("ssh");
        Directory.CreateDirectory(Folder["data"]);
        foreach (var key in new[] { "id", "host", "other" })
            (await Command.RunAsync(Require.Program("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-f", Folder[key]])).Succeeded();
        File.Copy(Folder["id.pub"], Folder["authorized"]);
        Folder.Write("known", $"[127.0.0.1]:{Port} {(await File.ReadAllTextAsync(Folder["host.pub"])).Trim()}\n");
        Folder.Write("sshd_config", $"""
            Port {Port}
            ListenAddress 127.0.0.1
            HostKey {Folder["host"]}
            PidFile none
            AuthorizedKeysFile {Folder["authorized"]}
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            MaxStartups 100
            Subsystem sftp internal-sftp {_words}

            """);
        Folder.Write("config", $"""
            Host store
              HostName 127.0.0.1
              Port {Port}
              User {Environment.UserName}
              IdentityFile {Identity}
              IdentitiesOnly yes
              UserKnownHostsFile {KnownHosts}
              GlobalKnownHostsFile /dev/null
              StrictHostKeyChecking yes

            """);
    }

    private async Task<bool> ListensAsync()
    {
        string[] line = [.. _before, "bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{Port}"];
        return (await Command.RunAsync(line[0], line[1..])).ExitCode == 0;
    }
}
