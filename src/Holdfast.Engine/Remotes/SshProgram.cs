using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Sftp;

namespace Holdfast.Engine.Remotes;

/// <summary>Files that ssh uses for a repository instead of its defaults; absolute paths.</summary>
public sealed record SshFiles
{
    /// <summary>A private key; no other one is tried.</summary>
    public string? Identity { get; init; }

    /// <summary>The known_hosts file; no other one is read, and a server that is not in it is refused.</summary>
    public string? KnownHosts { get; init; }

    /// <summary>A configuration file instead of the user's and the system's. See ssh_config(5).</summary>
    public string? Configuration { get; init; }
}

/// <summary>
/// The system's ssh, connected to the subsystem "sftp" of a server. Its configuration, an agent, jump hosts and known
/// hosts are left to ssh; it never prompts, and forwards nothing. It ends with this process, even when that is killed.
/// Source: ssh(1), ssh_config(5).
/// </summary>
public sealed class SshProgram : IPipedProgram
{
    private const int LongestWords = 300, MostLines = 3;

    /// <summary>Prefixes of variables of the agent and of Kerberos.</summary>
    private static readonly string[] _inherited = ["SSH_AUTH_SOCK", "KRB5"];

    /// <summary>
    /// Settings that override the configuration. LogLevel limits the output to errors, so that no greeting of the
    /// server is taken for one.
    /// </summary>
    private static readonly string[] _settings =
    [
        "BatchMode=yes", "ServerAliveInterval=15", "ServerAliveCountMax=4", "ConnectTimeout=15", "LogLevel=ERROR",
        "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "RemoteCommand=none",
        "RequestTTY=no", "ControlMaster=no",
    ];

    /// <summary>
    /// Messages of ssh after which a retry is useless. Source: OpenSSH, sshconnect.c, sshconnect2.c, readconf.c, ssh.c.
    /// </summary>
    private static readonly string[] _refusals =
    [
        "Permission denied (", "Host key verification failed", "Too many authentication failures", "Could not resolve hostname",
        "Unable to negotiate", "subsystem request failed", "Bad owner or permissions", "bad configuration option", "Can't open user config file",
    ];

    private readonly IHost _host;
    private readonly ProgramCall _call;
    private volatile IRunningProgram? _latest;

    /// <param name="host">The host to run on.</param>
    /// <param name="location">The server to connect to.</param>
    /// <param name="files">The files to use.</param>
    /// <exception cref="ProblemException">ssh is not installed: ProgramMissing.</exception>
    public SshProgram(IHost host, SftpLocation location, SshFiles files)
    {
        _host = host;
        _call = new ProgramCall("ssh", [.. Words(location, files)]) { Inherits = _inherited };
        if (host.FindProgram(_call.Program) is null) throw Catalogue.ProgramMissing.Throwable(
            $"The program '{_call.Program}' is not on {host.Name}: it connects to the repository '{location}'.");
    }

    public string? LastWords => _latest is { } program ? LastLines(program.Errors) : null;

    public ValueTask<Stream> StartAsync(CancellationToken cancellation)
    {
        var program = _latest = _host.Start(_call);
        return new ValueTask<Stream>(new ProgramStream(program, Explain));
    }

    private static Exception Explain(ProgramResult result)
    {
        var words = LastLines(result.Errors) ?? "it said nothing";
        var message = $"ssh ended with exit code {result.ExitCode}: {words.TrimEnd('.')}";
        return IsRefusal(result.Errors) ? new ResticException(ResticError.Refused, message + ".") : new IOException(message);
    }

    /// <summary>The message of a name service that fails temporarily.</summary>
    private static bool IsRefusal(string errors) =>
        _refusals.Any(words => errors.Contains(words, StringComparison.OrdinalIgnoreCase))
        && !errors.Contains("Temporary failure in name resolution", StringComparison.Ordinal);

    private static IEnumerable<string> Words(SftpLocation location, SshFiles files) =>
    [
        .. Option("-F", files.Configuration),
        .. _settings.Concat(Settings(files)).SelectMany(setting => Option("-o", setting)),
        .. Option("-p", location.Port?.ToString(CultureInfo.InvariantCulture)),
        .. Option("-l", location.User),
        "-s", "--", location.Host, "sftp",
    ];

    private static IEnumerable<string> Option(string name, string? value) => value is null ? [] : [name, value];

    private static IEnumerable<string> Settings(SshFiles files)
    {
        if (files.Identity is { } identity)
        {
            yield return $"IdentityFile={Quoted(identity)}";
            yield return "IdentitiesOnly=yes";
        }
        if (files.KnownHosts is { } known)
        {
            yield return $"UserKnownHostsFile={Quoted(known)}";
            yield return "GlobalKnownHostsFile=/dev/null";
            yield return "StrictHostKeyChecking=yes";
        }
    }

    /// <summary>Escapes a path as one word of a setting, in which a percent sign begins a token.</summary>
    private static string Quoted(string path) => path.AsSpan().ContainsAny('"', '\\', '$') || path.Any(char.IsControl)
        ? throw Catalogue.PathUnsafe.Throwable($"The file '{path}' has a name that a setting of ssh cannot hold.", "Give it a name without quotes, dollar signs and backslashes.")
        : $"\"{path.Replace("%", "%%", StringComparison.Ordinal)}\"";

    private static string? LastLines(string errors)
    {
        var lines = errors.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var words = string.Join(' ', lines.TakeLast(MostLines));
        return words.Length switch { 0 => null, > LongestWords => words[^LongestWords..], _ => words };
    }
}
