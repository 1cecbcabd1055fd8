using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>
/// systemd of a host, through systemctl. Requests return as soon as they are queued, and their results are read from
/// the units, because exit codes do not show them: a stop that ended in SIGKILL returns 0, as does a start that fails a
/// moment later.
/// </summary>
internal sealed class Systemctl(IHost host)
{
    /// <summary>Names on one command line; more are asked for in several calls.</summary>
    private const int AtOnce = 200;

    private static readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal)
    {
        ["LC_ALL"] = "C.UTF-8", ["SYSTEMD_COLORS"] = "0", ["SYSTEMD_PAGER"] = "", ["SYSTEMD_URLIFY"] = "0",
    };

    /// <summary>True when systemd is there and answers.</summary>
    public async Task<Problem?> ProbeAsync(CancellationToken cancellation)
    {
        if (Missing() is { } missing) return missing;
        var (result, _) = await RunAsync(["show", "-p", "Version"], cancellation);
        return result.ExitCode == 0 ? null : Catalogue.SystemdMissing.With($"systemd does not answer on {host.Name}: {Sentence(result.Errors)}");
    }

    /// <summary>
    /// The loaded units whose names match one of the patterns; a plain name matches itself, loaded or not.
    /// </summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<IReadOnlyList<string>> ListAsync(IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var wild = patterns.Where(UnitPattern.IsGlob).ToList();
        var plain = patterns.Except(wild, StringComparer.Ordinal);
        return wild.Count == 0 ? [.. plain] : [.. plain, .. FirstWords(await AskAsync(["list-units", "--all", "--plain", "--no-legend", "--full", "--", .. wild], cancellation))];
    }

    /// <summary>The unit files whose names fit one of the patterns and that can be started: no bare templates.</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<IReadOnlyList<string>> ListFilesAsync(IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var files = FirstWords(await AskAsync(["list-unit-files", "--plain", "--no-legend", "--full", "--", .. patterns], cancellation));
        return [.. files.Where(name => !name.Contains("@.", StringComparison.Ordinal))];
    }

    /// <summary>The states of units, one for each: an alias and its unit are one. Units that are not there are "not-found".</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<IReadOnlyList<UnitState>> ShowAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        var blocks = await ShowAsync(names, UnitState.Properties, cancellation);
        return [.. blocks.Select(block => new UnitState(block)).DistinctBy(unit => unit.Id, StringComparer.Ordinal)];
    }

    /// <summary>Some properties of units, a block for each unit.</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> ShowAsync(IEnumerable<string> names, IEnumerable<string> properties, CancellationToken cancellation)
    {
        var blocks = new List<IReadOnlyDictionary<string, string>>();
        foreach (var chunk in names.Chunk(AtOnce))
            blocks.AddRange(Blocks(await AskAsync(["show", "--no-pager", "-p", string.Join(',', properties), "--", .. chunk], cancellation)));
        return blocks;
    }

    /// <summary>The loaded units one of whose names fits one of the patterns: a listing knows the first name only, and hides aliases.</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<IReadOnlyList<string>> FindByAliasAsync(IReadOnlyList<string> patterns, CancellationToken cancellation)
    {
        var blocks = await ShowAsync(["*"], ["Id", "Names"], cancellation);
        return [.. blocks.Where(block => block.GetValueOrDefault("Names", "").Split(' ').Any(name => patterns.Any(pattern => UnitPattern.Fits(pattern, name)))).Select(block => block.GetValueOrDefault("Id", ""))];
    }

    /// <summary>
    /// Lets systemd read its unit files again. It does not detect that a restored file differs, because the file has an
    /// old modification time.
    /// </summary>
    /// <returns>The warnings of systemd; empty when there are none.</returns>
    public Task<string> ReloadAsync(CancellationToken cancellation) => RequestAsync(["daemon-reload", "--no-ask-password"], cancellation);

    /// <summary>Queues the stop of units; returns what systemd complained of, or nothing.</summary>
    public Task<string> StopAsync(IEnumerable<string> names, CancellationToken cancellation) => RequestAsync(["stop", "--no-block", "--no-ask-password", "--", .. names], cancellation);

    /// <summary>Queues the start of units, and returns the warnings of systemd; empty when there are none.</summary>
    /// <param name="names">The units.</param>
    /// <param name="alone">Without the units that they want or require: those are left unchanged.</param>
    /// <param name="cancellation">Cancels the request.</param>
    public Task<string> StartAsync(IEnumerable<string> names, bool alone, CancellationToken cancellation) =>
        RequestAsync(["start", "--no-block", "--no-ask-password", $"--job-mode={(alone ? "ignore-dependencies" : "replace")}", "--", .. names], cancellation);

    /// <summary>Lets systemd forget how often units have been started lately; one that it thinks was started too often would be refused. Units that are not loaded have nothing to forget.</summary>
    public Task ForgetFailuresAsync(IEnumerable<string> names, CancellationToken cancellation) => RunAsync(["reset-failed", "--no-ask-password", "--", .. names], cancellation);

    /// <summary>The last five lines of a unit's log; empty when there is no log, or it may not be read.</summary>
    public async Task<IReadOnlyList<string>> LogAsync(string name, CancellationToken cancellation)
    {
        if (host.FindProgram("journalctl") is null) return [];
        var (result, output) = await host.RunAsync(new ProgramCall("journalctl", ["-u", name, "-n", "5", "-q", "--no-pager", "-o", "cat"]) { Environment = _environment }, cancellation);
        return result.ExitCode == 0 ? [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"{name}: {line}")] : [];
    }

    private async Task<string> RequestAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var (result, _) = await RunAsync(arguments, cancellation);
        return result.ExitCode == 0 ? "" : Sentence(result.Errors);
    }

    private Problem? Missing() => host.FindProgram("systemctl") is null ? Catalogue.SystemdMissing.With($"The program 'systemctl' is not on {host.Name}.") : null;

    private async Task<string> AskAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        if (Missing() is { } missing) throw new ProblemException(missing);
        var (result, output) = await RunAsync(arguments, cancellation);
        return result.ExitCode == 0 ? output : throw Catalogue.SystemdMissing.Throwable($"systemd of {host.Name} did not answer to '{arguments[0]}': {Sentence(result.Errors)}");
    }

    private Task<(ProgramResult Result, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        host.RunAsync(new ProgramCall("systemctl", arguments) { Environment = _environment }, cancellation);

    private static IEnumerable<string> FirstWords(string lines) =>
        lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 0).Select(words => words[0]);

    private static IEnumerable<IReadOnlyDictionary<string, string>> Blocks(string output)
    {
        foreach (var block in output.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var values = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var line in block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                if (line.IndexOf('=') is > 0 and var end) values[line[..end]] = line[(end + 1)..];
            if (values.Count > 0) yield return values;
        }
    }

    private static string Sentence(string errors) => string.Join(' ', errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.') + ".";
}
