using System.Diagnostics;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>
/// A small platform of files with its profile, repository and state in one temporary folder, and the published binary
/// to work on it with.
/// </summary>
internal sealed class Scene : IDisposable
{
    public const string Password = "correct horse battery staple";

    private readonly TempFolder _folder = new();
    private string _binary = HoldfastBinary.Find();
    private string[] _user = [];

    public Scene(string platform = "scene")
    {
        Repository = _folder["repository"];
        Source = _folder.Folder("source");
        PasswordFile = _folder.Write("password", Password + "\n");
        File.SetUnixFileMode(PasswordFile, UnixFileMode.UserRead);
        Profile = WriteProfile(platform, FilesOnly);
    }

    public string Repository { get; }
    public string Source { get; }
    public string PasswordFile { get; }
    public string Profile { get; private set; }
    public ResticBinary Restic { get; } = ResticBinary.Find();

    /// <summary>A folder whose programs are found before others, when it is set.</summary>
    public string? Programs { get; set; }

    /// <summary>Commands run in here when it is set.</summary>
    public MountSpace? Space { get; set; }

    public string this[string name] => _folder[name];

    private string FilesOnly => $"""
        files:
          groups:
            source: ["{Source}"]
        """;

    /// <summary>Writes the profile with other components, as YAML that is not indented.</summary>
    public string WriteProfile(string platform, string components)
    {
        var indented = string.Concat(components.Split('\n').Select(line => $"  {line}\n"));
        return Profile = _folder.Write($"{platform}.yaml", $$"""
            platform: {{platform}}
            repository:
              path: {{Repository}}
              password: { file: {{PasswordFile}} }
            components:
            {{indented}}
            """);
    }

    /// <summary>Fills the source with a little of everything, and with <paramref name="mebibytes"/> that do not compress.</summary>
    public async Task<Tree> FillAsync(int mebibytes = 3)
    {
        const string script = """
            cd "$1"; mkdir -p etc/deep/er empty
            for i in $(seq 40); do seq "$i" $((i * 90)) > "etc/deep/$i.conf"; done
            printf plain > etc/plain; ln -f etc/plain etc/deep/hard; ln -sfn ../plain etc/deep/soft; ln -sfn nowhere dangling
            [ -p etc/pipe ] || mkfifo etc/pipe; : > etc/nothing; chmod 600 etc/plain; chmod 4755 etc/nothing; chmod 1777 empty
            printf x > $'new\nline'; printf y > $'stray\xff byte'; printf z > 'quo"te\back'; printf k > 'key=ü'
            setfattr -n user.colour -v red etc/plain || true
            if [ "$EUID" = 0 ]; then chown 1234:4321 etc/deep/7.conf; chown -h 1234:4321 etc/deep/soft; fi
            for i in $(seq "$2"); do head -c 1M /dev/urandom > "etc/deep/er/$i"; done
            touch -d '2019-12-31T23:59:59.987654321Z' etc/plain empty
            """;
        (await Command.BashAsync(script, Source, $"{mebibytes}")).Succeeded();
        return await Tree.ListAsync(Source);
    }

    /// <summary>A scene with its repository made, its source filled, and one recovery point taken.</summary>
    public static async Task<Scene> WithPointAsync(int mebibytes = 3)
    {
        var scene = new Scene();
        await scene.FillAsync(mebibytes);
        await scene.MakeRepositoryAsync();
        (await scene.RunAsync("backup")).Succeeded();
        return scene;
    }

    /// <summary>
    /// Makes the repository with a key that is cheap to derive, as restic's own tests do, because every command opens it again. What
    /// 'holdfast init' makes is tested by <see cref="GoodCaseTests"/>, by <see cref="OrdinaryUserTests"/> and by the demo.
    /// </summary>
    public async Task MakeRepositoryAsync()
    {
        if (Space is not null) // a repository in a mount that this process does not see
        {
            (await RunAsync("init", "--yes")).Succeeded();
            return;
        }
        await using var _ = await Holdfast.Restic.Repository.InitAsync(
            new LocalBackend(Repository), Password, new InitOptions { KeyDerivation = KeyDerivation.Random }, cancellation: TestContext.Current.CancellationToken);
    }

    public Task<CommandResult> RunAsync(params IEnumerable<string> arguments)
    {
        var line = Line(arguments);
        return Command.RunAsync(line[0], line.Skip(1), Environs);
    }

    /// <summary>Starts the program in a terminal of its own, which ends with the process returned.</summary>
    public Process StartInTerminal(params IEnumerable<string> arguments) =>
        Command.Start("script", ["-qfec", string.Join(' ', Line(arguments).Select(word => $"'{word}'")), "/dev/null"], Environs);

    public Process Start(params IEnumerable<string> arguments)
    {
        var line = Line(arguments);
        return Command.Start(line[0], line.Skip(1), Environs);
    }

    /// <summary>Runs what must fail, and holds it to its word: exit code, error code, and a hint, on standard error.</summary>
    public async Task<CommandResult> FailsAsync(ProblemKind kind, params IEnumerable<string> arguments)
    {
        var result = await RunAsync(arguments);
        Assert.True(result.Errors.Contains($"[{kind.Code}]", StringComparison.Ordinal), $"{kind.Code} was expected. {result}");
        Assert.True(result.ExitCode == (int)kind.Exit, $"{kind.Exit} was expected. {result}");
        Assert.Matches("(?m)^error: .+", result.Errors);
        Assert.Matches("(?m)^ +hint: [A-Z'].+[.;]", result.Errors);
        Assert.DoesNotContain("   at Holdfast", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, result.Output + result.Errors, StringComparison.Ordinal);
        return result;
    }

    /// <summary>The stock restic reads all and finds nothing wrong, and the newest point restores to exactly this.</summary>
    /// <param name="expected">What was backed up.</param>
    /// <param name="isComplete">False for a point that lacks something: then the restore says so, and ends with its exit code.</param>
    public async Task NothingIsLostAsync(Tree expected, bool isComplete = true)
    {
        await CheckAsync();
        var target = _folder[$"restored-{Guid.NewGuid():N}"];
        var restore = await RunAsync("restore", "--target", target, "--yes", "--privileged-modes");
        Assert.True(restore.ExitCode == (int)(isComplete ? ExitCode.Success : ExitCode.Incomplete), restore.ToString());
        Assert.Equal(!isComplete, restore.Errors.Contains(Catalogue.PointIncomplete.Code, StringComparison.Ordinal));
        Assert.Empty(expected.Differences(await Tree.ListAsync(target + Source)));
    }

    /// <summary>The stock restic reads every byte and finds nothing wrong.</summary>
    public async Task CheckAsync()
    {
        var line = Inside(Restic.Path, ["--no-cache", "check", "--read-data"]);
        (await Command.RunAsync(line[0], line.Skip(1), Environs)).Succeeded();
    }

    /// <summary>How many snapshots the stock restic sees.</summary>
    public async Task<int> CountPointsAsync()
    {
        var line = Inside(Restic.Path, ["--no-cache", "--no-lock", "snapshots", "--json"]);
        var output = (await Command.RunAsync(line[0], line.Skip(1), Environs)).Succeeded().Output;
        return System.Text.Json.Nodes.JsonNode.Parse(output)!.AsArray().Count;
    }

    /// <summary>Gives all of it to the user "nobody", who runs every command from now on.</summary>
    public async Task HandToNobodyAsync()
    {
        Require.Root();
        Require.Program("runuser");
        // The binary may lie where only root can go.
        File.Copy(_binary, this["holdfast"]);
        _binary = this["holdfast"];
        (await Command.RunAsync("chown", ["-R", "nobody", _folder.Path])).Succeeded();
        _user = ["runuser", "-u", "nobody", "--"];
    }

    /// <summary>Every command runs this binary from now on.</summary>
    public void UseBinary(string binary) => _binary = binary;

    public void Dispose()
    {
        Space?.Dispose();
        _folder.Dispose();
    }

    private Dictionary<string, string?> Environs => new(StringComparer.Ordinal)
    {
        ["HOLDFAST_STATE"] = _folder["state"],
        ["RESTIC_REPOSITORY"] = Repository,
        ["RESTIC_PASSWORD_FILE"] = PasswordFile,
        ["PATH"] = Programs is null ? Environment.GetEnvironmentVariable("PATH") : $"{Programs}:{Environment.GetEnvironmentVariable("PATH")}",
    };

    private List<string> Line(IEnumerable<string> arguments) => Inside(_binary, [.. arguments, "--profile", Profile]);

    private List<string> Inside(string program, IEnumerable<string> arguments) => [.. Space?.Prefix ?? [], .. _user, program, .. arguments];
}
