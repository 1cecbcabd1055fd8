using System.Text.RegularExpressions;
using Holdfast.Engine.Hosts;
using Holdfast.Restic.Backends;

namespace Holdfast.Engine.Remotes;

/// <summary>
/// rclone, serving a repository on its standard input and output. It gets rclone's own variables (RCLONE_*) and those
/// of AWS (AWS_*), which may configure its S3 remotes. It ends with this process, even when that is killed.
/// </summary>
public sealed partial class RcloneProgram : IPipedProgram
{
    private const int LongestWords = 300;
    private readonly IHost _host;
    private readonly ProgramCall _call;
    private volatile IRunningProgram? _latest;

    /// <param name="host">The host to run on.</param>
    /// <param name="remote">The remote to serve, "remote:path".</param>
    /// <param name="configuration">The configuration file of rclone; null for rclone's default.</param>
    /// <exception cref="Problems.ProblemException">rclone is not installed: ProgramMissing.</exception>
    public RcloneProgram(IHost host, string remote, string? configuration)
    {
        _host = host;
        IReadOnlyList<string> file = configuration is null ? [] : ["--config", configuration];
        // Backblaze's B2 only hides a file that is deleted otherwise, as restic's manual says.
        _call = new ProgramCall("rclone", ["serve", "restic", "--stdio", "--b2-hard-delete", .. file, remote])
        {
            Inherits = ["RCLONE_", "AWS_"],
        };
        if (host.FindProgram(_call.Program) is null) throw Problems.Catalogue.ProgramMissing.Throwable(
            $"The program '{_call.Program}' is not on {host.Name}: it serves the repository 'rclone:{remote}'.");
    }

    public string? LastWords => _latest is { } program ? LastEntry(program.Errors) : null;

    public ValueTask<Stream> StartAsync(CancellationToken cancellation)
    {
        var program = _latest = _host.Start(_call);
        return new ValueTask<Stream>(new ProgramStream(program, Explain));
    }

    private static IOException Explain(ProgramResult result) =>
        new($"rclone ended with exit code {result.ExitCode}: {LastEntry(result.Errors) ?? "it said nothing"}");

    /// <summary>The last entry of rclone's log, which may have several lines, without its time.</summary>
    private static string? LastEntry(string errors)
    {
        var text = LogTime().Split(errors)[^1];
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var words = string.Join(' ', lines);
        return words.Length switch { 0 => null, > LongestWords => words[..LongestWords], _ => words };
    }

    [GeneratedRegex(@"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex LogTime();
}
