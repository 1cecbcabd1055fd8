using System.Diagnostics;

namespace Holdfast.Testing;

/// <summary>
/// A real systemd that a test may do anything to: it is the first process of a container over a throw-away overlay of this machine
/// or of another root file system, see the script systemd-box. What is written to <see cref="Share"/> is at /share in it.
/// </summary>
public sealed class SystemdBox : IAsyncDisposable
{
    private static readonly string Script = SourceTree.PathOf("tests/Holdfast.Testing/systemd-box");

    private readonly TempFolder _folder = new();

    private SystemdBox()
    {
    }

    /// <summary>A folder of this machine that is /share in the box.</summary>
    public string Share => _folder["share"];

    /// <summary>Boots a box; the test is skipped, with what kept it from booting, where none can be.</summary>
    /// <param name="options">Further options of systemd-nspawn: "--bind-ro=/here:/there".</param>
    public static Task<SystemdBox> StartAsync(params IEnumerable<string> options) => StartOverAsync("/", options);

    /// <summary>As <see cref="StartAsync"/>, over another root file system than this machine's.</summary>
    public static async Task<SystemdBox> StartOverAsync(string root, params IEnumerable<string> options)
    {
        Require.Root();
        Require.Program("systemd-nspawn");
        Require.Program("nsenter");
        var box = new SystemdBox();
        var booted = await Command.RunAsync(Script, ["up", box._folder.Path, .. options], [new("BOX_ROOT", root)]);
        if (booted.ExitCode == 0) return box;
        await box.DisposeAsync();
        Require.That(false, $"systemd cannot be booted in a container here: {booted.Errors.Trim()}");
        return box;
    }

    /// <summary>Runs a program in the box.</summary>
    public Task<CommandResult> RunAsync(string program, params IEnumerable<string> arguments) => Command.RunAsync(Script, Line(program, arguments));

    /// <summary>Starts a program in the box, with its streams redirected. Killing it does not kill what runs inside: see <see cref="BashAsync"/>.</summary>
    public Process Start(string program, params IEnumerable<string> arguments) => Command.Start(Script, Line(program, arguments));

    /// <summary>Runs a script of bash in the box, and returns what it writes; it must end well.</summary>
    public async Task<string> BashAsync(string script) => (await RunAsync("bash", "-euo", "pipefail", "-c", script)).Succeeded().Output;

    /// <summary>Asks in the box, by bash, until a condition holds.</summary>
    /// <param name="what">The condition as a clause, for the message of a failure.</param>
    /// <param name="condition">A command that ends with 0 when it holds.</param>
    /// <exception cref="TimeoutException">It did not hold within <see cref="Eventually.Deadline"/>.</exception>
    public async Task HoldsAsync(string what, string condition)
    {
        var script = $"for ((left = {Eventually.Deadline.TotalSeconds * 50}; left > 0; left--)); do if {condition} >/dev/null 2>&1; then exit; fi; sleep 0.02; done; exit 1";
        if (await RunAsync("bash", "-c", script) is { ExitCode: not 0 } vain)
            throw new TimeoutException($"Not within {Eventually.Deadline.TotalSeconds} s: {what}. {vain}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Command.RunAsync(Script, ["down", _folder.Path]);
        _folder.Dispose();
    }

    private IEnumerable<string> Line(string program, IEnumerable<string> arguments) => ["run", _folder.Path, program, .. arguments];
}
