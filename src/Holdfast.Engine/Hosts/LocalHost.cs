using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Posix;

namespace Holdfast.Engine.Hosts;

/// <summary>This machine.</summary>
/// <param name="environment">Where PATH is looked up; the process's own environment in the product.</param>
public sealed class LocalHost(Func<string, string?> environment) : IHost
{
    /// <summary>16 MiB: the output of such programs is lists and figures, not data.</summary>
    private const int MaximumOutput = 16 << 20;

    public string Name => Environment.MachineName;

    public string? FindProgram(string name) => name.Contains('/')
        ? (IsProgram(name) ? name : null)
        : Folders().Select(folder => Path.Combine(folder, name)).FirstOrDefault(IsProgram);

    public IRunningProgram Start(ProgramCall call)
    {
        var program = FindProgram(call.Program) ?? throw Catalogue.ProgramMissing.Throwable($"The program '{call.Program}' is not on {Name}.");
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment.Clear();
        foreach (var (key, value) in new ChildEnvironment(environment).Of(call)) start.Environment[key] = value;
        (start.FileName, var arguments) = Apart(Limited(CommandLine(program, call), call.Memory));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        if (call.User is not null) start.WorkingDirectory = "/"; // the other user may not enter ours
        return Start(start, program);
    }

    public async Task<(ProgramResult Result, string Output)> RunAsync(ProgramCall call, CancellationToken cancellation)
    {
        await using var running = Start(call);
        running.Input.Close();
        var output = await ReadAsync(running.Output, call.Program, cancellation);
        return (await running.WaitAsync(cancellation), output);
    }

    private static LocalProgram Start(ProcessStartInfo start, string program)
    {
        try
        {
            return new LocalProgram(Process.Start(start)!);
        }
        catch (Win32Exception refused)
        {
            throw Catalogue.ProgramRefused.Throwable($"The program '{program}' could not be started: {refused.Message}.", refused);
        }
    }

    /// <summary>
    /// Starts the program in a session of its own: ctrl-c and a lost terminal reach only Holdfast, which decides what
    /// happens to its programs. Otherwise a second ctrl-c would kill the program that is just starting the platform.
    /// </summary>
    private (string Program, IReadOnlyList<string> Arguments) Apart((string Program, IReadOnlyList<string> Arguments) line) =>
        FindProgram("setsid") is { } setsid ? (setsid, [line.Program, .. line.Arguments]) : line;

    /// <summary>RLIMIT_DATA, which limits writable private memory. Source: setrlimit(2).</summary>
    private (string Program, IReadOnlyList<string> Arguments) Limited((string Program, IReadOnlyList<string> Arguments) line, long? memory) =>
        memory is { } bytes && FindProgram("prlimit") is { } prlimit ? (prlimit, [$"--data={bytes}", "--", line.Program, .. line.Arguments]) : line;

    private static (string Program, IReadOnlyList<string> Arguments) CommandLine(string program, ProgramCall call)
    {
        if (call.User is null || call.User == Environment.UserName) return (program, call.Arguments);
        if (!Environment.IsPrivilegedProcess)
            throw Catalogue.ProgramRefused.Throwable($"The program '{program}' is to run as '{call.User}', which only root can do.");
        return ("setpriv", [.. AsUser(call.User, program), "--", program, .. call.Arguments]);
    }

    /// <summary>The words that go before a command line so that it runs as another user, as <see cref="RunAsync"/> runs programs; by numbers.</summary>
    /// <param name="user">The user's number.</param>
    public static IReadOnlyList<string> WordsAs(uint user) => ["setpriv", .. AsUser(user), "--"];

    /// <summary>
    /// Uses setpriv instead of runuser, because setpriv does not involve PAM, whose configuration differs between
    /// machines, and needs no right to set limits. Users are given by number, because util-linux 2.32 (RHEL 8) does not
    /// accept names.
    /// </summary>
    private static string[] AsUser(string user, string program)
    {
        var number = Accounts.UserNumber(user)
            ?? throw Catalogue.ProgramRefused.Throwable($"The program '{program}' is to run as '{user}', a user that this machine does not have.");
        return AsUser(number);
    }

    private static string[] AsUser(uint number)
    {
        var groups = Accounts.GroupsOf(number);
        return [$"--reuid={number}", $"--regid={groups[0]}", $"--groups={string.Join(',', groups)}", "--inh-caps=-all"];
    }

    private static async Task<string> ReadAsync(Stream output, string program, CancellationToken cancellation)
    {
        var text = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = await output.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (text.Length + read > MaximumOutput) throw Catalogue.ProgramFailed.Throwable($"The program '{program}' wrote more than 16 MiB.");
            text.Write(buffer, 0, read);
        }
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    /// <summary>
    /// PATH, then the directories in which servers keep tools that are not in PATH: Debian's and PGDG's PostgreSQL,
    /// newest first.
    /// </summary>
    private IEnumerable<string> Folders() =>
    [
        .. (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
        .. Versions("/usr/lib/postgresql", "*"),
        .. Versions("/usr", "pgsql-*"),
        "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin",
    ];

    private static IEnumerable<string> Versions(string folder, string pattern) => !Directory.Exists(folder)
        ? []
        : Directory.GetDirectories(folder, pattern).OrderByDescending(VersionOf).Select(found => Path.Combine(found, "bin"));

    private static double VersionOf(string folder) =>
        double.TryParse(Path.GetFileName(folder).Replace("pgsql-", "", StringComparison.Ordinal), out var version) ? version : 0;

    private static bool IsProgram(string path)
    {
        const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != UnixFileMode.None;
    }
}
