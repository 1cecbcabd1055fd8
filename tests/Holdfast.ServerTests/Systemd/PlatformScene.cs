using System.Globalization;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>A platform of units that a test makes up, under a real systemd in a box, with the published binary to work on it.</summary>
internal sealed class PlatformScene : IAsyncDisposable
{
    /// <summary>A service that runs until it is told to end.</summary>
    public const string Sleeper = "[Service]\nExecStart=/bin/sleep infinity\n";

    public const string Binary = HoldfastBinary.Boxed;
    private const string ProfilePath = "/etc/holdfast/profile.yaml";

    private PlatformScene(SystemdBox box) => Box = box;

    public SystemdBox Box { get; }

    /// <param name="options">Further options of the box.</param>
    public static Task<PlatformScene> BeginAsync(params IEnumerable<string> options) => BeginOverAsync("/", options);

    /// <summary>As <see cref="BeginAsync"/>, over another root file system than this machine's.</summary>
    public static async Task<PlatformScene> BeginOverAsync(string root, params IEnumerable<string> options)
    {
        var box = await SystemdBox.StartOverAsync(root, [HoldfastBinary.BoxOption, .. options]);
        await box.BashAsync("install -d -m 755 /etc/holdfast");
        return new PlatformScene(box);
    }

    /// <summary>Writes the profile: what stands below 'services' and after it, as YAML that is not indented.</summary>
    public Task WriteProfileAsync(string services, string rest = "") => WriteAsync(ProfilePath, $$"""
        platform: boxed
        repository:
          path: /var/backups/repository
          password: { file: /etc/holdfast/password }
        components:
          files:
            groups:
              all: [/etc/hostname]
        services:
        {{services}}
        {{rest}}
        """);

    /// <summary>Writes unit files, given as name and text, and lets systemd read them.</summary>
    public async Task WriteUnitsAsync(params (string Name, string Text)[] units)
    {
        foreach (var (name, text) in units) await WriteAsync($"/etc/systemd/system/{name}", text);
        await Box.BashAsync("systemctl daemon-reload");
    }

    public async Task WriteAsync(string path, string text)
    {
        await File.WriteAllTextAsync(Path.Combine(Box.Share, "file"), text);
        await Box.BashAsync($"mkdir -p '{Path.GetDirectoryName(path)}'; cp /share/file '{path}'");
    }

    /// <summary>Keeps systemd from forgetting units that have stopped, so that it can be asked for its instants.</summary>
    public async Task RememberAsync(params string[] units)
    {
        await WriteUnitsAsync(("memory.target", $"[Unit]\nAfter={string.Join(' ', units)}\n"));
        await StartAsync("memory.target");
    }

    public Task StartAsync(params string[] units) => Box.BashAsync($"systemctl start {string.Join(' ', units)}");

    public Task<CommandResult> HoldfastAsync(params string[] arguments) => Box.RunAsync(Binary, arguments);

    /// <summary>Runs what must fail with this problem, and with a hint.</summary>
    public async Task<CommandResult> FailsAsync(ProblemKind kind, params string[] arguments)
    {
        var result = await HoldfastAsync(arguments);
        Assert.True(result.Errors.Contains($"error: ", StringComparison.Ordinal) && result.Errors.Contains($"[{kind.Code}]", StringComparison.Ordinal), $"{kind.Code} was expected. {result}");
        Assert.True(result.ExitCode == (int)kind.Exit, $"{kind.Exit} was expected. {result}");
        Assert.Matches("(?m)^ +hint: [A-Z'].+[.;]", result.Errors);
        return result;
    }

    /// <summary>The values of a property, one for each unit.</summary>
    public async Task<string[]> ShowAsync(string property, params string[] units) =>
        [.. (await Box.BashAsync($"systemctl show --value -p {property} {string.Join(' ', units)}")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>"active", "inactive" or "failed", one for each unit.</summary>
    public Task<string[]> StatesAsync(params string[] units) => ShowAsync("ActiveState", units);

    /// <summary>Instants that systemd noted, in microseconds of its own clock.</summary>
    public async Task<long[]> InstantsAsync(string property, params string[] units) =>
        [.. (await ShowAsync(property + "Monotonic", units)).Select(value => long.Parse(value, CultureInfo.InvariantCulture))];

    /// <summary>All of these are in a state.</summary>
    public async Task AllAreAsync(string state, params string[] units)
    {
        var found = await StatesAsync(units);
        Assert.True(found.All(one => one == state), $"{state} was expected: {string.Join(", ", units.Zip(found))}");
    }

    public ValueTask DisposeAsync() => Box.DisposeAsync();
}
