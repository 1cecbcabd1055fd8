using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class CopyVerbTests
{
    [Fact]
    public async Task A_copy_is_made_once_and_restored_from()
    {
        using var stage = await MadeAsync("");
        string[] copy = ["repo", "copy", "--to", stage["copy"], "--to-password-file", stage["copy-password"]];
        Assert.Equal(ExitCode.NoRepository, await stage.RunAsync(copy));
        Assert.Contains("HF-COPY-MISSING", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. copy, "--init", "--json"]));
        var finished = JsonNode.Parse(stage.Output.Trim().Split('\n')[^1])!;
        Assert.Equal("copy_finished", (string?)finished["event"]);
        Assert.Equal((2, 0), ((int)finished["points"]!, (int)finished["uncopied"]!));
        Assert.Equal(ExitCode.Success, await stage.RunAsync(copy));
        Assert.Contains("has all 2 snapshots already", stage.Output, StringComparison.Ordinal);

        File.Delete(Path.Combine(stage.Source, "a"));
        string[] fromCopy = ["--repository", stage["copy"], "--password-file", stage["copy-password"]];
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["restore", "--yes", "--overwrite", .. fromCopy]));
        Assert.Equal("content 1", File.ReadAllText(Path.Combine(stage.Source, "a")));
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["repo", "check", "--read-data", .. fromCopy]));
    }

    [Fact]
    public async Task A_plan_copies_nothing_and_a_named_point_is_copied_alone()
    {
        using var stage = await MadeAsync("");
        string[] copy = ["repo", "copy", "--to", stage["copy"], "--to-password-file", stage["copy-password"]];
        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. copy, "latest", "--init"]));
        Assert.Single(Snapshots(stage));
        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. copy, "--plan"]));
        Assert.Contains("1 recovery point would be copied", stage.Output, StringComparison.Ordinal);
        Assert.Single(Snapshots(stage));
        Assert.Equal(ExitCode.Success, await stage.RunAsync(copy));
        Assert.Equal(2, Snapshots(stage).Length);
    }

    [Fact]
    public async Task The_copies_of_the_profile_are_made_after_each_backup_and_keep_what_their_rules_say()
    {
        using var stage = await MadeAsync("points: { keep-last: 2 }, after: backup");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "copy", "--init"));
        for (var number = 2; number < 5; number++)
        {
            stage.Write("a", $"content {number}");
            Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
            Assert.Contains("Copied 1 recovery point", stage.Output, StringComparison.Ordinal);
            Assert.Contains("1 recovery point removed from the copy", stage.Output, StringComparison.Ordinal);
            Assert.Equal(2, Snapshots(stage).Length);
        }
        Assert.Equal(5, stage.Stored("snapshots").Count());
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "copy", "--to", stage["copy"]));
        Assert.Equal(2, Snapshots(stage).Length);
    }

    [Fact]
    public async Task What_a_copy_lacks_is_told_with_the_points_and_by_check()
    {
        using var stage = await MadeAsync("wal: true");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "list"));
        Assert.Contains("cannot be asked: There is no repository", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "copy", "latest", "--init"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "list"));
        Assert.Contains("lacks 1 of 2 points", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("check", "--only", "copy"));
        Assert.Contains("lacks 1 of 2; the newest", stage.Output, StringComparison.Ordinal);
        Assert.Contains("holdfast repo copy", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "copy"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("check", "--only", "copy", "--strict"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "list", "--json"));
        var state = JsonNode.Parse(stage.Output.Trim().Split('\n')[^1])!;
        Assert.Equal("copy_state", (string?)state["event"]);
        Assert.Equal((2, 0), ((int)state["wanted"]!, (int)state["lacking"]!));
    }

    [Fact]
    public async Task A_backup_whose_copy_fails_has_taken_its_point_and_says_so()
    {
        using var stage = await MadeAsync("after: backup", ExitCode.Incomplete);
        Assert.Equal(2, stage.Stored("snapshots").Count());
        Assert.Contains("HF-COPY-FAILED", stage.Errors, StringComparison.Ordinal);
        Assert.Contains("is complete", stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_point_that_has_lost_something_is_named_and_the_others_are_copied()
    {
        using var stage = await MadeAsync("");
        var oldest = stage.Stored("snapshots").OrderBy(File.GetLastWriteTimeUtc).First();
        Damaged.Truncate(oldest, 60);
        string[] copy = ["repo", "copy", "--to", stage["copy"], "--to-password-file", stage["copy-password"], "--init"];
        Assert.Equal(ExitCode.Incomplete, await stage.RunAsync(copy));
        Assert.Contains("HF-COPY-DAMAGED", stage.Errors, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(oldest), stage.Errors, StringComparison.Ordinal);
        Assert.Single(Snapshots(stage));
    }

    [Fact]
    public async Task The_repository_itself_is_no_copy_and_a_place_without_a_password_is_refused()
    {
        using var stage = await MadeAsync("");
        string[] self = ["--to", stage.Repository, "--to-password-file", stage["password"]];
        Assert.Equal(ExitCode.Usage, await stage.RunAsync(["repo", "copy", .. self]));
        Assert.Contains("HF-COPY-SAME", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("repo", "copy"));
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("repo", "copy", "--to", stage["copy"]));
        Assert.Contains("HF-COPY-UNSET", stage.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("copies: []")]
    [InlineData("copies: [{ to: /copy }]")]
    [InlineData("copies: [{ to: \"rest:https://user:secret@host/\", password: { file: p } }]")]
    [InlineData("copies: [{ to: /copy, password: { file: p }, points: { keep-daily: 0 } }]")]
    [InlineData("copies: [{ to: /copy, password: { file: p }, after: lunch }]")]
    public async Task A_mistake_in_a_copy_is_a_mistake_of_the_profile(string copies)
    {
        using var stage = await FilesStage.MakeAsync();
        File.AppendAllText(stage.Profile, $"{copies}\n");
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("profile", "validate"));
        Assert.Contains("copies", stage.Errors, StringComparison.Ordinal);
    }

    private static string[] Snapshots(FilesStage stage) => Directory.GetFiles(Path.Combine(stage["copy"], "snapshots"));

    /// <summary>A platform with two points; the profile names a copy when there is something to say of it.</summary>
    private static async Task<FilesStage> MadeAsync(string copy, ExitCode backup = ExitCode.Success)
    {
        var stage = await FilesStage.MakeAsync();
        File.WriteAllText(stage["copy-password"], "another secret\n");
        File.SetUnixFileMode(stage["copy-password"], UnixFileMode.UserRead);
        var isMissing = backup == ExitCode.Success && copy.Contains("after", StringComparison.Ordinal);
        if (!isMissing) Name(stage, copy);
        for (var number = 0; number < 2; number++)
        {
            stage.Write("a", $"content {number}");
            Assert.Equal(backup, await stage.RunAsync("backup"));
        }
        if (isMissing) Name(stage, copy);
        return stage;
    }

    private static void Name(FilesStage stage, string copy)
    {
        if (copy.Length == 0) return;
        var item = $"{{ to: {stage["copy"]}, password: {{ file: {stage["copy-password"]} }}, {copy} }}";
        File.AppendAllText(stage.Profile, $"copies:\n  - {item}\n");
    }
}
