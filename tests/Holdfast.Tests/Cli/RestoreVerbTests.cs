using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class RestoreVerbTests
{
    [Fact]
    public async Task A_damaged_snapshot_is_warned_of_once_by_every_command_and_the_others_are_used()
    {
        using var stage = await FilesStage.MakeAsync();
        var file = stage.Write("a", "old");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        var kept = Assert.Single(stage.Stored("snapshots"));
        stage.Write("a", "newer");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        var victim = Assert.Single(stage.Stored("snapshots"), path => path != kept);
        Damaged.Truncate(victim, 100);
        string[][] commands = [["points", "list"], ["points", "show", "latest"], ["restore", "--plan"], ["restore", "--yes", "--overwrite"], ["backup"]];
        foreach (var command in commands)
        {
            Assert.Equal((string.Join(' ', command), ExitCode.Success), (string.Join(' ', command), await stage.RunAsync(command)));
            Assert.Single(Regex.Matches(stage.Errors, @"warning: .*HF-REPO-DAMAGED", RegexOptions.None, TimeSpan.FromSeconds(1)));
            Assert.Contains(Path.GetFileName(victim), stage.Errors, StringComparison.Ordinal);
            if (command[0] == "points" && command[1] == "list") Assert.Contains(Path.GetFileName(kept)[..8], stage.Output, StringComparison.Ordinal);
        }
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal(ExitCode.Damaged, await stage.RunAsync("repo", "check"));
    }

    [Fact]
    public async Task What_fits_nothing_is_refused_and_a_path_may_be_given_as_it_is_listed()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a.conf", "a");
        stage.Write("b.conf", "b");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        foreach (var plan in new[] { "--plan", "--yes" })
        {
            Assert.Equal(ExitCode.Usage, await stage.RunAsync("restore", plan, "--include", "/etc/nothing", "--target", stage["target"]));
            Assert.Contains("fits '/etc/nothing'", stage.Errors, StringComparison.Ordinal);
            Assert.Contains("[HF-RESTORE-NOTHING]", stage.Errors, StringComparison.Ordinal);
            Assert.False(Directory.Exists(stage["target"]));
        }
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "files", "latest"));
        var listed = stage.Output.Split('\n').Select(line => line[(line.IndexOf('/', StringComparison.Ordinal) is var at and >= 0 ? at : 0)..]).Single(path => path.EndsWith("a.conf", StringComparison.Ordinal));
        Assert.StartsWith("/files/", listed, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("restore", "--yes", "--include", listed, "--target", stage["target"]));
        Assert.Equal([stage["target"] + stage.Source + "/a.conf"], Directory.GetFiles(stage["target"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_plan_the_question_and_the_run_name_what_a_restore_is_limited_to()
    {
        using var stage = await FilesStage.MakeAsync();
        var file = stage.Write("a.conf", "a");
        stage.Write("b.conf", "b");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        string[] restore = ["restore", "--only", "files", "--include", file];
        var limits = $", limited to '--only files --include {file}'";

        Assert.Equal(ExitCode.Success, await stage.RunAsync([.. restore, "--plan"]));
        Assert.StartsWith($"Plan: restore of platform sample{limits}, 3 steps\n", stage.Output, StringComparison.Ordinal);
        Assert.Contains("Write the files of the recovery point (1 file) to where they came from;", stage.Output, StringComparison.Ordinal);
        stage.Answers = new Queue<string>(["y"]);
        Assert.Equal(ExitCode.Success, await stage.RunAsync(restore));
        Assert.StartsWith($"Restore platform sample{limits} from point ", Assert.Single(stage.Asked), StringComparison.Ordinal);
        Assert.Contains($"Restore of platform sample{limits}, in 3 steps", stage.Output + stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("restore", "--plan"));
        Assert.DoesNotContain("limited to", stage.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file", "There is no component 'file', only files. Did you mean 'files'?")]
    [InlineData("postgres/mian", "There is no component 'postgres/mian', only files.")]
    public async Task A_component_that_no_point_has_is_refused_with_those_that_there_are(string only, string told)
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "a");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        foreach (var point in new[] { "latest", Path.GetFileName(Assert.Single(stage.Stored("snapshots"))) })
        {
            Assert.Equal(ExitCode.Usage, await stage.RunAsync("restore", point, "--only", only, "--plan"));
            Assert.Contains($"error: {told} [HF-COMPONENT-UNKNOWN]", stage.Errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--to", "tomorrow")]
    [InlineData("--to-lsn", "zzz")]
    [InlineData("--to-timeline", "latest")]
    public async Task A_target_of_recovery_is_refused_where_nothing_has_one(string option, string target)
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "a");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        Assert.Equal(ExitCode.Failure, await stage.RunAsync("restore", option, target, "--yes"));
        Assert.Contains("[HF-PG-TARGET]", stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_lacks_a_file_says_so_and_counts_only_what_is_in_place()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("small", "small");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        var whole = stage.Stored("data").ToHashSet(StringComparer.Ordinal);
        var large = new byte[100_000];
        new Random(4).NextBytes(large);
        File.WriteAllBytes(Path.Combine(stage.Source, "large"), large);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        Damaged.Flip(stage.Stored("data").Where(path => !whole.Contains(path)).MaxBy(path => new FileInfo(path).Length)!);

        Assert.Equal(ExitCode.Incomplete, await stage.RunAsync("restore", "--yes", "--target", stage["target"], "--json"));
        var finished = stage.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Last();
        Assert.Equal(("restore_finished", false, 1, 5), ((string)finished["event"]!, (bool)finished["complete"]!, (int)finished["failed"]!, (int)finished["bytes"]!));
        Assert.Equal(ExitCode.Incomplete, await stage.RunAsync("restore", "--yes", "--target", stage["again"]));
        Assert.Contains("restored below", stage.Output, StringComparison.Ordinal);
        Assert.Contains(", but for 1 path.", stage.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(stage["again"] + stage.Source + "/large"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/below")]
    public async Task A_target_that_is_a_file_is_no_failure_of_the_repository(string below)
    {
        using var stage = await FilesStage.MakeAsync();
        var file = stage.Write("a", "x");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("restore", "--yes", "--target", file + below));
        Assert.Contains("[HF-RESTORE-TARGET]", stage.Errors, StringComparison.Ordinal);
        Assert.Contains(file, stage.Errors, StringComparison.Ordinal);
        Assert.Equal("x", File.ReadAllText(file));
    }
}
