using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;

namespace Holdfast.Tests.Cli;

/// <summary>The program on a platform of a few files, with a real repository.</summary>
internal sealed class FilesStage : IDisposable
{
    private readonly TempFolder _folder = new();

    private FilesStage()
    {
        Source = _folder.Folder("source");
        Profile = _folder.Write("profile.yaml", $$"""
            platform: sample
            repository: { path: {{Repository}}, password: { file: {{_folder.Write("password", "secret\n")}} } }
            components: { files: { groups: { all: ["{{Source}}"] } } }

            """);
        File.SetUnixFileMode(_folder["password"], UnixFileMode.UserRead);
    }

    public string Source { get; }
    public string Repository => _folder["repository"];
    public string Profile { get; }

    /// <summary>What the last call printed.</summary>
    public string Output { get; private set; } = "";

    public string Errors { get; private set; } = "";

    /// <summary>What a person would type, a line for each question; null when there is nobody.</summary>
    public Queue<string>? Answers { get; set; }

    /// <summary>The questions of the last call.</summary>
    public IReadOnlyList<string> Asked { get; private set; } = [];

    public string this[string name] => _folder[name];

    public static async Task<FilesStage> MakeAsync()
    {
        var stage = new FilesStage();
        await using var made = await Holdfast.Restic.Repository.InitAsync(new LocalBackend(stage.Repository), "secret", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) });
        return stage;
    }

    public string Write(string name, string text) => _folder.Write($"source/{name}", text);

    public async Task<ExitCode> RunAsync(params string[] arguments)
    {
        using var stage = new Stage { Answers = Answers };
        (stage.Environment["HOLDFAST_PROFILE"], stage.Environment["HOLDFAST_STATE"]) = (Profile, _folder["state"]);
        var exit = await stage.RunAsync(arguments);
        (Output, Errors, Asked) = (stage.Output, stage.Errors, stage.Asked);
        return exit;
    }

    public IEnumerable<string> Stored(string kind) => Directory.EnumerateFiles(Path.Combine(Repository, kind), "*", SearchOption.AllDirectories);

    public void Dispose() => _folder.Dispose();
}
