using System.Text.Json.Nodes;
using Holdfast.Engine.Backup;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>A recovery point whose profile names a command, restored where no profile is: whoever can write to the repository chose the command.</summary>
public sealed class TrustVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--plan")]
    [InlineData("--yes")]
    [InlineData("--yes", "--json")]
    [InlineData("--plan", "--json")]
    [InlineData("--yes", "--target", "/nonexistent")]
    public async Task Nothing_that_a_profile_of_a_point_names_is_done_before_it_is_confirmed(params string[] options)
    {
        await BackUpAsync();
        using var stage = Restoring();
        Assert.Equal(options[0] == "--plan" ? ExitCode.Success : ExitCode.Usage, await stage.RunAsync(["restore", .. options, .. Place]));
        Assert.False(File.Exists(_folder["ran"]));
        if (options[0] != "--plan") Assert.Contains("HF-PROFILE-UNTRUSTED", stage.Output + stage.Errors, StringComparison.Ordinal);
        foreach (var named in new[] { _folder["evil"], "postgres/main: 127.0.0.1:1 as attacker", "shop-web.service", "mallory", "other-host" }) Assert.Contains(named, stage.Output, StringComparison.Ordinal);
        if (!options.Contains("--json")) return;
        var reach = stage.Output.Split('\n').Select(line => line.Length > 0 ? JsonNode.Parse(line)! : new JsonObject()).Single(line => line["event"]?.GetValue<string>() == "profile_reach");
        Assert.Equal([$"{_folder["evil"]} now (as {Environment.UserName})"], reach["commands"]!.AsArray().Select(command => command!.GetValue<string>()));
        Assert.Equal("other-host", reach["host"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_person_who_declines_is_taken_at_their_word_and_one_who_trusts_it_is_asked_once()
    {
        await BackUpAsync();
        using (var stage = Restoring())
        {
            stage.Answers = new Queue<string>(["n"]);
            Assert.Equal(ExitCode.Usage, await stage.RunAsync(["restore", .. Place]));
            Assert.False(File.Exists(_folder["ran"]));
        }
        using (var stage = Restoring())
        {
            await stage.RunAsync(["restore", "--trust-profile", "--plan", .. Place]);
            Assert.DoesNotContain("HF-PROFILE-UNTRUSTED", stage.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("attacker", stage.Output, StringComparison.Ordinal); // nothing is shown for a confirmation
        }
    }

    [Fact]
    public async Task A_profile_whose_only_secret_is_the_password_of_the_repository_is_asked_for_too()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "a");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        using var elsewhere = new Stage();
        elsewhere.Environment["HOLDFAST_STATE"] = _folder["state"];
        string[] place = ["--repository", stage.Repository, "--password-file", stage["password"]];
        Assert.Equal(ExitCode.Usage, await elsewhere.RunAsync(["restore", "--yes", "--target", stage["target"], .. place]));
        Assert.Equal(ExitCode.Success, await elsewhere.RunAsync(["restore", "--yes", "--trust-profile", "--target", stage["target"], .. place]));
    }

    [Fact]
    public async Task What_a_profile_of_files_alone_would_write_is_shown_before_the_question()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "a");
        string[] place = ["--repository", stage.Repository, "--password-file", stage["password"]];
        File.WriteAllLines(stage.Profile, File.ReadAllLines(stage.Profile).Where(line => !line.StartsWith("repository", StringComparison.Ordinal)));
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["backup", .. place]));
        using var elsewhere = Restoring();
        elsewhere.Answers = new Queue<string>(["n"]);
        Assert.Equal(ExitCode.Usage, await elsewhere.RunAsync(["restore", .. place]));
        Assert.Contains($"  write {stage.Source}\n", elsewhere.Output, StringComparison.Ordinal);
        Assert.StartsWith("Restore platform sample", Assert.Single(elsewhere.Asked), StringComparison.Ordinal);
        using var below = Restoring();
        Assert.Equal(ExitCode.Success, await below.RunAsync(["restore", "--yes", "--target", stage["target"], .. place]));
        Assert.DoesNotContain("On this machine", below.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n", ExitCode.Incomplete)]
    [InlineData("y", ExitCode.Success)]
    public async Task A_person_decides_on_files_that_another_machine_has_added(string answer, ExitCode exit)
    {
        using var stage = await FilesStage.MakeAsync();
        var (wanted, added) = (stage.Write("a/wanted", "a"), stage.Write("b/added", "b"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        File.WriteAllText(stage.Profile, File.ReadAllText(stage.Profile).Replace(stage.Source, $"{stage.Source}/a", StringComparison.Ordinal));
        Directory.Delete(stage.Source, recursive: true);
        using var elsewhere = Restoring();
        elsewhere.Environment["HOLDFAST_PROFILE"] = stage.Profile;
        elsewhere.Answers = new Queue<string>(["y", answer]);
        Assert.Equal(exit, await elsewhere.RunAsync("restore"));
        Assert.Empty(elsewhere.Answers);
        Assert.Equal((true, exit == ExitCode.Success), (File.Exists(wanted), File.Exists(added)));
    }

    [Fact]
    public async Task The_plan_names_all_the_files_that_a_person_is_asked_for()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a/wanted", "a");
        var added = Enumerable.Range(0, 30).Select(number => stage.Write($"b/added{number:d2}", "b")).ToList();
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        File.WriteAllText(stage.Profile, File.ReadAllText(stage.Profile).Replace(stage.Source, $"{stage.Source}/a", StringComparison.Ordinal));
        Directory.Delete($"{stage.Source}/b", recursive: true);
        using var elsewhere = Restoring();
        elsewhere.Environment["HOLDFAST_PROFILE"] = stage.Profile;
        elsewhere.Answers = new Queue<string>(["y", "y"]);
        Assert.Equal(ExitCode.Success, await elsewhere.RunAsync("restore"));
        Assert.Contains("Restore also what the profile does not select (30 names, all of them in the plan)?", elsewhere.Asked[^1], StringComparison.Ordinal);
        var plan = elsewhere.Output.Split("left out unless that is confirmed", 2)[1].Split('\n')[0];
        Each.Holds(added, path => Assert.Contains(path, plan, StringComparison.Ordinal));
        Each.Holds(added, path => Assert.True(File.Exists(path)));
    }

    [Fact]
    public async Task A_point_shows_what_is_not_in_it_and_why()
    {
        await BackUpAsync();
        using var stage = Restoring();
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["points", "show", "latest", .. Place]));
        Assert.Contains("not in the point: database template1 (it is a template)", stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_in_the_working_directory_is_not_looked_at()
    {
        using var stage = new Stage();
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("backup"));
        Assert.DoesNotContain("holdfast.yaml", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("--help"));
        Assert.DoesNotContain("./holdfast.yaml", stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_others_can_write_is_refused()
    {
        using var stage = await FilesStage.MakeAsync();
        File.SetUnixFileMode(stage.Profile, (UnixFileMode)0b110_110_110);
        Assert.Equal(ExitCode.Failure, await stage.RunAsync("backup"));
        Assert.Contains("HF-PATH-UNSAFE", stage.Errors, StringComparison.Ordinal);
        Assert.Contains($"chmod go-w {stage.Profile}", stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_profile_of_a_point_comes_back_also_when_the_shell_has_emptied_the_local_one()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "a");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup"));
        var text = File.ReadAllText(stage.Profile);
        string[] place = ["--repository", stage.Repository, "--password-file", stage["password"]];
        File.WriteAllText(stage.Profile, "");
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["points", "profile", "latest", .. place]));
        Assert.Equal(text, stage.Output);
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["restore", "--plan", .. place]));
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("backup"));
        Assert.Contains("is empty", stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await stage.RunAsync(["points", "profile", "--output", stage.Profile, .. place]));
        Assert.Equal(text, File.ReadAllText(stage.Profile));
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync(["points", "profile", "--output", stage.Profile, .. place]));
        Assert.Equal(text, File.ReadAllText(stage.Profile));
    }

    private string[] Place => ["--repository", _folder["repository"], "--password-file", _folder["password"]];

    private Stage Restoring()
    {
        var stage = new Stage();
        stage.Environment["HOLDFAST_STATE"] = _folder["state"];
        return stage;
    }

    private async Task BackUpAsync()
    {
        _folder.Write("evil", $"#!/bin/sh\ntouch {_folder["ran"]}\necho secret\n");
        File.SetUnixFileMode(_folder["evil"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _folder.Write("password", "secret\n");
        File.SetUnixFileMode(_folder["password"], UnixFileMode.UserRead);
        await using (await Repository.InitAsync(new LocalBackend(_folder["repository"]), "secret", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) })) { }
        var profile = ProfileReader.Parse($$"""
            platform: sample
            components: { postgres: [ { name: main, connection: { host: 127.0.0.1, port: 1, user: attacker, password: { command: ["{{_folder["evil"]}}", now] } } } ] }
            services: [ { name: web, units: [shop-web.service] } ]

            """, _folder["profile.yaml"]);
        var environment = new RunEnvironment { State = new StateDirectory(_folder["other-state"]), Host = "other-host", User = "mallory", Version = "0", Observer = new Silent() };
        var request = new BackupRequest { Profile = profile, Repository = new RepositorySettings(_folder["repository"], "secret"), Components = [new CapturedCluster()] };
        Assert.Null((await new BackupRun(environment, request).RunAsync(CancellationToken.None)).Outcome.Problem);
        Assert.False(File.Exists(_folder["ran"]));
    }

    private sealed class Silent : IRunObserver
    {
        public void OnEvent(RunEvent happened)
        {
            // Nobody watches the backup.
        }
    }

    /// <summary>What a backup of a cluster leaves in a point, as far as a plan looks at it.</summary>
    private sealed class CapturedCluster : IComponent
    {
        public string Name => "postgres/main";
        public string Kind => "postgres";
        public IReadOnlyList<IUndoHandler> UndoHandlers => [];

        public Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Problem>>([]);

        public Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation) => Task.FromResult(new CapturePlan
        {
            Before = [new Step { Name = "Capture", Does = "Captures.", Act = (_, _) =>
            {
                var record = new ComponentRecord { Name = Name, Kind = Kind, Path = "/postgres/main" };
                record.Omit("database template1", "it is a template");
                session.Manifest.Components.Add(record);
                return Task.CompletedTask;
            } }],
        });

        public Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
