using System.Text.Json.Nodes;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>What somebody reads who has nothing but the package: hints speak of the command that was run, and counts say what they count.</summary>
public sealed class NewcomerTests
{
    [Fact]
    public void A_point_names_what_a_restore_can_bring_back_by_itself()
    {
        var components = new[]
        {
            Record("files", "files", null),
            Record("postgres/main", "postgres", """{ "method": "dump", "databases": [{ "name": "shop" }, { "name": "a\nb" }] }"""),
            Record("postgres/files", "postgres", """{ "method": "base", "databases": [{ "name": "shop" }] }"""),
            Record("queues/broker", "queues", """{ "queues": [{ "queue": "orders" }, { "queue": "mails" }] }"""),
        };
        var parts = components.ToDictionary(component => component.Name, ComponentList.PartsOf, StringComparer.Ordinal);
        Assert.Equal((0, 2, 0, 2), (parts["files"].Count, parts["postgres/main"].Count, parts["postgres/files"].Count, parts["queues/broker"].Count));

        var manifest = new Manifest { Platform = "p", RunId = "r", Mode = BackupMode.Online, HoldfastVersion = "1", Host = "h", Components = components };
        var told = PointDetailsEvent.Of(new Snapshot { Time = default, Tree = default }, manifest, parts);
        var lines = told.Lines(Style.Plain).ToList();
        Assert.Contains("  single parts (--only postgres/main:NAME): shop, \"a\\nb\"", lines);
        Assert.Contains("  single parts (--only queues/broker:NAME): orders, mails", lines);
        Assert.Equal(2, lines.Count(line => line.Contains("--only", StringComparison.Ordinal)));
        Assert.Equal("shop", (string?)JsonNode.Parse(EventJson.Line(told))!["parts"]!["postgres/main"]![0]);
    }

    [Fact]
    public async Task A_profile_is_not_written_over_a_file_and_the_hint_is_of_this_command()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "a");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        File.WriteAllText(stage["taken"], "mine");
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("points", "profile", "-o", stage["taken"]));
        Assert.Contains("exists already, so the profile was not written. [HF-PROFILE-EXISTS]", stage.Errors, StringComparison.Ordinal);
        Assert.Contains("--output", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("points", "profile", "-o", stage["nowhere/profile"]));
        Assert.Contains("[HF-PROFILE-UNWRITABLE]", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("man", "-o", stage["taken"]));
        Assert.Contains("--output", stage.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("--target", stage.Errors, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(stage["taken"]));
    }

    [Fact]
    public async Task Counts_are_of_files_and_what_was_there_is_not_counted_as_restored()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("folder/a", "aaaa");
        File.CreateSymbolicLink(stage["source/link"], "folder/a");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        Assert.Contains("files: 1 new, 0 changed, 0 unchanged", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        Assert.Contains("files: 0 new, 0 changed, 1 unchanged", stage.Output, StringComparison.Ordinal);

        string[] restore = ["restore", "--yes", "--target", stage["target"]];
        Assert.Equal(ExitCode.Success, await stage.RunAsync(restore));
        Assert.Contains("Files: 1 restored, 0 unchanged, 4 B in all.", stage.Output, StringComparison.Ordinal);
        Assert.Contains("Links and other entries: 1 restored, 0 unchanged. Moved aside: 0.", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync(restore));
        Assert.Contains("Files: 0 restored, 1 unchanged, 4 B in all. Directories: 0 restored, ", stage.Output, StringComparison.Ordinal);
        Assert.Contains("Links and other entries: 0 restored, 1 unchanged. Moved aside: 0.", stage.Output, StringComparison.Ordinal);
        Assert.Contains("  4 B in place, 3 steps, ", stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_plan_of_a_backup_names_paths_that_do_not_exist()
    {
        using var stage = await FilesStage.MakeAsync();
        Directory.Delete(stage.Source);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup", "--plan"));
        Assert.Contains($"warning: {stage.Source} is not there. [HF-FILES-MISSING]", stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_does_not_exist_is_named()
    {
        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Write("password", "secret\n"), UnixFileMode.UserRead);
        var profile = folder.Write("profile.yaml", $$"""
            platform: sample
            repository: { path: {{folder["repository"]}}, password: { file: {{folder["password"]}} } }
            components:
              postgres: [{ name: main, method: dump, databases: all, connection: { host: {{folder.Path}}, user: postgres } }]
              queues: [{ name: broker, connection: { socket: {{folder["nowhere/redis.sock"]}} }, queues: [orders] }]

            """);
        using var stage = new Stage();
        (stage.Environment["HOLDFAST_PROFILE"], stage.Environment["HOLDFAST_STATE"]) = (profile, folder["state"]);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("init", "--yes"));
        Assert.Contains($"the socket {folder[".s.PGSQL.5432"]} does not exist. [HF-PG-UNREACHABLE]", stage.Errors, StringComparison.Ordinal);
        Assert.Contains($"the socket {folder["nowhere/redis.sock"]} does not exist, nor does its directory. [HF-QUEUE-UNREACHABLE]", stage.Errors, StringComparison.Ordinal);
        Assert.Contains("take the first recovery point", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("init", "--yes"));
        Assert.Contains("existed already and was not changed", stage.Output, StringComparison.Ordinal);
    }

    private static ComponentRecord Record(string name, string kind, string? details) =>
        new() { Name = name, Kind = kind, Path = $"/{name}", Details = details is null ? null : JsonNode.Parse(details) };
}
