using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class InitVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Stage _stage = new();

    public void Dispose()
    {
        _stage.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task No_repository_is_made_among_other_files_and_no_password_is_written()
    {
        _folder.Write("nginx/nginx.conf", "user nginx;\n");
        Assert.Equal(ExitCode.InTheWay, await InitAsync("nginx"));
        Assert.Contains("holds other files and no repository", _stage.Errors, StringComparison.Ordinal);
        Assert.Contains("hint: Name a directory that is empty or does not exist yet.", _stage.Errors, StringComparison.Ordinal);
        Assert.Equal([_folder["nginx/nginx.conf"]], Directory.GetFileSystemEntries(_folder["nginx"]));
        Assert.False(File.Exists(_folder["password"]));
    }

    [Theory]
    [InlineData("lost+found")] // of a file system that was made for it
    [InlineData("data")] // of an init that was cut off
    public async Task A_repository_is_made_in_a_directory_without_files_of_others(string folder)
    {
        _folder.Folder($"disk/{folder}");
        Assert.Equal(ExitCode.Success, await InitAsync("disk"));
        Assert.Equal(ExitCode.Success, await InitAsync("disk"));
    }

    [Fact]
    public async Task Where_a_repository_is_no_new_password_is_written_in_place_of_a_lost_one()
    {
        Assert.Equal(ExitCode.Success, await InitAsync("repository"));
        File.Delete(_folder["password"]);
        Assert.Equal(ExitCode.InTheWay, await InitAsync("repository"));
        Assert.Contains("There is a repository in", _stage.Errors, StringComparison.Ordinal);
        Assert.Contains(_folder["password"], _stage.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["password"]));
    }

    [Theory]
    [InlineData("missing", "the directory does not exist")]
    [InlineData("empty", "the directory is empty")]
    [InlineData("other", "it has no file 'config'")]
    public async Task A_repository_that_is_away_is_a_question_of_its_disk_first(string name, string why)
    {
        _folder.Folder("empty");
        _folder.Write("other/file", "x");
        _folder.Write("password", "secret\n");
        Assert.Equal(ExitCode.NoRepository, await _stage.RunAsync("points", "list", "--repository", _folder[name], "--password-file", _folder["password"]));
        Assert.Contains($"There is no repository in '{_folder[name]}': {why}. [HF-REPO-MISSING]", _stage.Errors, StringComparison.Ordinal);
        Assert.Contains("hint: Verify that its disk or share is mounted", _stage.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("exclude: [\"*/repository\"]", false)]
    public async Task A_repository_in_what_is_captured_is_warned_of_unless_it_is_excluded(string exclude, bool warns)
    {
        var source = _folder.Folder("source");
        _stage.Environment["HOLDFAST_STATE"] = _folder["state"];
        _stage.Environment["HOLDFAST_PROFILE"] = _folder.Write("profile.yaml", $$"""
            platform: sample
            repository: { path: {{source}}/repository, password: { file: {{_folder["password"]}} } }
            components:
              files:
                groups: { all: ["{{source}}"] }
                {{exclude}}

            """);
        string[][] commands = [["init", "--yes", "--generate-password"], ["backup", "--plan"], ["check", "--only", "files"], ["backup"]];
        foreach (var command in commands)
        {
            using var stage = new Stage();
            foreach (var (name, value) in _stage.Environment) stage.Environment[name] = value;
            Assert.Equal((command[0], ExitCode.Success), (command[0], await stage.RunAsync(command)));
            Assert.Equal((command[0], warns), (command[0], (stage.Output + stage.Errors).Contains("lies in what 'files' of the profile selects", StringComparison.Ordinal)));
        }
    }

    private Task<ExitCode> InitAsync(string repository) =>
        _stage.RunAsync("init", "--yes", "--generate-password", "--repository", _folder[repository], "--password-file", _folder["password"]);
}
