using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class MirrorVerbTests
{
    [Fact]
    public async Task A_mirror_is_restored_from_with_the_same_password()
    {
        using var stage = await MadeAsync();
        string[] mirror = ["repo", "mirror", "--to", stage["mirror"]];
        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. mirror, "--plan"]));
        Assert.False(Directory.Exists(stage["mirror"]));
        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. mirror, "--json"]));
        var finished = JsonNode.Parse(stage.Output.Trim().Split('\n')[^1])!;
        Assert.Equal("mirror_finished", (string?)finished["event"]);
        Assert.Equal((int)finished["files"]!, (int)finished["copied"]!);
        Assert.Equal(ExitCode.Success, await stage.RunAsync(mirror));
        Assert.Contains("Copied 0 files", stage.Output, StringComparison.Ordinal);

        File.Delete(Path.Combine(stage.Source, "a"));
        Directory.Delete(stage.Repository, true);
        string[] fromMirror = ["--repository", stage["mirror"]];
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["restore", "--yes", "--overwrite", .. fromMirror]));
        Assert.Equal("content 1", File.ReadAllText(Path.Combine(stage.Source, "a")));
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["repo", "check", "--read-data", .. fromMirror]));
    }

    [Fact]
    public async Task What_was_removed_from_the_repository_leaves_the_mirror_when_it_is_asked_for()
    {
        using var stage = await MadeAsync();
        string[] mirror = ["repo", "mirror", "--to", stage["mirror"]];
        Assert.Equal(ExitCode.Success, await stage.RunAsync(mirror));
        File.Delete(stage.Stored("snapshots").OrderBy(File.GetLastWriteTimeUtc).First());
        Assert.Equal(ExitCode.Success, await stage.RunAsync(mirror));
        Assert.Contains("--delete removes it", stage.Output, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(stage["mirror"], "snapshots")).Length);
        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. mirror, "--delete"]));
        Assert.Single(Directory.GetFiles(Path.Combine(stage["mirror"], "snapshots")));
        Assert.Empty(Directory.GetFiles(Path.Combine(stage["mirror"], "locks")));
    }

    [Fact]
    public async Task A_damaged_file_is_named_and_a_place_with_other_files_is_refused()
    {
        using var stage = await MadeAsync();
        var damaged = stage.Stored("snapshots").First();
        Damaged.Truncate(damaged, 60);
        Assert.Equal(ExitCode.Incomplete, await stage.RunAsync("repo", "mirror", "--to", stage["mirror"]));
        Assert.Contains(Path.GetFileName(damaged), stage.Errors, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.Combine(stage["mirror"], "snapshots")));
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("repo", "mirror", "--to", stage.Source));
        Assert.Equal(["a"], Directory.GetFileSystemEntries(stage.Source).Select(Path.GetFileName));
    }

    /// <summary>A platform with two points.</summary>
    private static async Task<FilesStage> MadeAsync()
    {
        var stage = await FilesStage.MakeAsync();
        for (var number = 0; number < 2; number++)
        {
            stage.Write("a", $"content {number}");
            Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        }
        return stage;
    }
}
