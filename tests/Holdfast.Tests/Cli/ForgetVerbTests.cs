using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class ForgetVerbTests
{
    [Fact]
    public async Task A_plan_removes_nothing_and_says_why_each_point_stays_or_goes()
    {
        using var stage = await MadeAsync("points: { keep-last: 2 }", points: 3);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--plan", "--json"));
        var events = Events(stage);
        var decisions = events.Where(told => told["event"]!.GetValue<string>() == "point_decision");
        Assert.Equal([false, true, true], decisions.Select(told => told["stays"]!.GetValue<bool>()));
        Assert.Equal("no rule keeps it", events[0]["reasons"]![0]!.GetValue<string>());
        Assert.Equal("last snapshot", events[1]["reasons"]![0]!.GetValue<string>());
        Assert.True(events[^1]["planned"]!.GetValue<bool>());
        Assert.Equal(3, stage.Stored("snapshots").Count());
    }

    [Fact]
    public async Task Points_go_by_the_rules_when_it_is_confirmed_and_the_rest_is_restored_from()
    {
        using var stage = await MadeAsync("points: { keep-last: 2 }", points: 3);
        Assert.NotEqual(ExitCode.Success, await stage.RunAsync("points", "forget"));
        Assert.Equal(3, stage.Stored("snapshots").Count());
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--yes"));
        Assert.Contains("Removed 1 recovery point of platform sample, 2 stay.", stage.Output, StringComparison.Ordinal);
        Assert.Equal(2, stage.Stored("snapshots").Count());
        Assert.Equal(ExitCode.Success, await stage.RunAsync("restore", "--yes", "--overwrite"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "check", "--read-data"));
    }

    [Theory]
    [InlineData("messages: { keep: 90d }", 1)]
    [InlineData("points: { keep-last: 5 }", 0)]
    public async Task Archives_of_messages_go_when_they_are_older_than_the_profile_keeps_them(string rule, int removed)
    {
        using var stage = await MadeAsync(rule, points: 2);
        var (old, recent) = (await ArchiveAsync(stage, days: 91), await ArchiveAsync(stage, days: 89));
        await ArchiveAsync(stage, days: 300, platform: "another");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--plan", "--json"));
        Assert.Equal((removed, 2 - removed), ((int)Events(stage)[^1]["archives"]!, (int)Events(stage)[^1]["others"]!));
        Assert.Equal(5, stage.Stored("snapshots").Count());
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--yes"));
        var left = stage.Stored("snapshots").Select(Path.GetFileName).ToList();
        Assert.Equal((5 - removed, removed == 0, true), (left.Count, left.Contains(old), left.Contains(recent)));
    }

    [Fact]
    public async Task A_simulation_shows_what_will_be_left_and_changes_nothing()
    {
        using var stage = await MadeAsync("points: { keep-last: 2, keep-monthly: 6 }", points: 1);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--simulate", "400d", "--json"));
        var events = Events(stage);
        var (last, points) = (events[^1], events.Count(told => (string?)told["event"] == "simulated_point"));
        Assert.InRange(points, 6, 7); // of the two last ones each may be the newest of a month
        Assert.Equal((points, 0), ((int)last["points"]!, (int)last["measured"]!));
        Assert.Equal(86_400, (double)last["interval_seconds"]!);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--simulate", "400d"));
        Assert.Contains("every 24 h 00 min (too few points tell how often)", stage.Output, StringComparison.Ordinal);
        Assert.Single(stage.Stored("snapshots"));
        foreach (var wrong in new[] { "soon", "2w", "9999y" })
            Assert.Equal(ExitCode.Usage, await stage.RunAsync("points", "forget", "--simulate", wrong));
    }

    [Fact]
    public async Task More_than_half_goes_only_when_that_is_said()
    {
        using var stage = await MadeAsync("points: { keep-last: 1 }", points: 3);
        Assert.Equal(ExitCode.Failure, await stage.RunAsync("points", "forget", "--yes"));
        Assert.Contains("HF-RETENTION-MOST", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(3, stage.Stored("snapshots").Count());
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", "--yes", "--remove-most"));
        Assert.Single(stage.Stored("snapshots"));
    }

    [Fact]
    public async Task A_backup_applies_the_rules_when_the_profile_wants_it()
    {
        using var stage = await MadeAsync("points: { keep-last: 2, after-backup: true }", points: 4);
        Assert.Equal(2, stage.Stored("snapshots").Count());
        Assert.Contains("Removed 1 recovery point of platform sample, 2 stay.", stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_succeeds_and_warns_when_points_cannot_be_removed()
    {
        using var stage = await MadeAsync("""
            points: { keep-last: 1, after-backup: true }
              pins: [{ point: "00000000", reason: mistyped }]
            """, points: 3);
        Assert.Equal(3, stage.Stored("snapshots").Count());
        Assert.Contains("HF-RETENTION-PIN", stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_rule_it_is_refused_and_a_named_point_goes()
    {
        using var stage = await MadeAsync("pins: [{ point: \"00000000\", reason: mistyped }]", points: 2);
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("points", "forget", "--yes"));
        var oldest = stage.Stored("snapshots").OrderBy(File.GetLastWriteTimeUtc).First();
        var name = Path.GetFileName(oldest)[..10];
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "forget", name, "--yes"));
        Assert.False(File.Exists(oldest));
        var last = Path.GetFileName(Assert.Single(stage.Stored("snapshots")));
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("points", "forget", last, "--yes"));
        Assert.Single(stage.Stored("snapshots"));
    }

    [Fact]
    public async Task While_a_snapshot_cannot_be_read_none_is_removed()
    {
        using var stage = await MadeAsync("points: { keep-last: 2 }", points: 3);
        Holdfast.Testing.Damaged.Truncate(stage.Stored("snapshots").First(), 60);
        Assert.Equal(ExitCode.Damaged, await stage.RunAsync("points", "forget", "--yes"));
        Assert.Equal(3, stage.Stored("snapshots").Count());
    }

    [Theory]
    [InlineData("points: {}")]
    [InlineData("points: { keep-daily: 0 }")]
    [InlineData("points: { keep-within: 2w }")]
    [InlineData("pins: [{ point: d65233a8, reason: x, until: 2026-02-31 }]")]
    [InlineData("pins: [{ point: d65, reason: x }]")]
    public async Task A_mistake_in_the_rules_is_a_mistake_of_the_profile(string retention)
    {
        using var stage = await FilesStage.MakeAsync();
        await AppendAsync(stage, retention);
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("profile", "validate"));
        Assert.Contains("retention", stage.Errors, StringComparison.Ordinal);
    }

    /// <summary>A platform with so many points; the last backup's output is the stage's.</summary>
    private static async Task<FilesStage> MadeAsync(string retention, int points)
    {
        var stage = await FilesStage.MakeAsync();
        await AppendAsync(stage, retention);
        for (var number = 0; number < points; number++)
        {
            stage.Write("a", $"content {number}");
            Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        }
        return stage;
    }

    /// <summary>A snapshot as 'queues archive' makes it; returns its name.</summary>
    private static async Task<string> ArchiveAsync(FilesStage stage, int days, string platform = "sample")
    {
        var now = TestContext.Current.CancellationToken;
        await using var repository = await Repository.OpenAsync(new LocalBackend(stage.Repository), "secret", cancellation: now);
        await using var writer = await repository.BeginSnapshotAsync(null, now);
        await writer.AddStreamAsync("/queues/main/celery.jsonl", new MemoryStream([1]), null, now);
        var header = new SnapshotHeader
        {
            Paths = ["/queues"], Hostname = "test", Tags = ["queues", $"platform={platform}"],
            Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddDays(-days)),
        };
        return (await writer.CommitAsync(header, now)).Id.ToString();
    }

    private static Task AppendAsync(FilesStage stage, string retention) =>
        File.AppendAllTextAsync(stage.Profile, $"retention:\n  {retention}\n");

    private static List<JsonNode> Events(FilesStage stage) =>
        [.. stage.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
}
