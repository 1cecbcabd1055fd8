namespace Holdfast.Testing;

/// <summary>
/// The stock restic binary, our referee: $HOLDFAST_RESTIC, or the one in PATH. It uses no cache, so that it sees what is
/// in the repository and nothing else.
/// </summary>
public sealed class ResticBinary(string path)
{
    private static readonly string[] Globals = ["--no-cache"];

    /// <summary>The full path of the binary.</summary>
    public string Path { get; } = path;

    /// <summary>Finds it; the test is skipped (or fails, see <see cref="Require"/>) when there is none.</summary>
    public static ResticBinary Find() =>
        new(Environment.GetEnvironmentVariable("HOLDFAST_RESTIC") is { Length: > 0 } named ? named : Require.Program("restic"));

    /// <summary>Runs a command on a repository. The password stands in the environment.</summary>
    public Task<CommandResult> RunAsync(string repository, string password, params IEnumerable<string> arguments) =>
        Command.RunAsync(Path, [.. Globals, .. arguments], Environs(repository, password));

    /// <summary>The same in a folder, whose files a backup of "." stores without the folder's own path.</summary>
    public Task<CommandResult> RunInAsync(string folder, string repository, string password, params IEnumerable<string> arguments) =>
        Command.RunAsync("env", ["-C", folder, Path, .. Globals, .. arguments], Environs(repository, password));

    /// <summary>Makes a new repository of format version 1 or 2.</summary>
    public async Task InitAsync(string repository, string password, int version = 2) =>
        (await RunAsync(repository, password, "init", "--repository-version", $"{version}")).Succeeded();

    /// <summary>Throws with restic's own words unless restic reads every byte of the repository and finds nothing wrong.</summary>
    public async Task CheckAsync(string repository, string password) =>
        (await RunAsync(repository, password, "check", "--read-data")).Succeeded();

    /// <summary>The first line of <c>restic version</c>.</summary>
    public async Task<string> VersionAsync() =>
        (await Command.RunAsync(Path, ["version"])).Succeeded().Output.Split('\n')[0];

    private static Dictionary<string, string?> Environs(string repository, string password) => new(StringComparer.Ordinal)
    {
        ["RESTIC_REPOSITORY"] = repository,
        ["RESTIC_PASSWORD"] = password,
        ["RESTIC_PASSWORD_FILE"] = null,
        ["RESTIC_PASSWORD_COMMAND"] = null,
    };
}
