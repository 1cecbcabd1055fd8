using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>What keeps a restore of files from beginning, and what does not.</summary>
public sealed class RestoreRefusalTests
{
    [Fact]
    public async Task While_the_server_runs_the_plan_is_shown_and_says_that_it_has_to_stop()
    {
        await using var rig = await BaseRig.StartAsync();
        var taken = await rig.CaptureAsync();
        var process = (await File.ReadAllLinesAsync($"{rig.Server.Data}/postmaster.pid", BaseRig.Cancellation))[0];
        var steps = await rig.PlanRestoreAsync(taken);
        Assert.StartsWith($"First the server in {rig.Server.Data}, process {process}, has to be stopped", steps[0].Does, StringComparison.Ordinal);
        Assert.Equal("HF-PG-RUNNING", (await rig.RefusedAsync(taken)).Code);
        // That is seen at once, and not after minutes of looking for a name.
        Assert.Equal("HF-PG-RUNNING", (await rig.RefusedAsync(taken, new RecoveryRequest { Limit = RecoveryLimit.Name, To = "nowhere" })).Code);
        rig.Service = "postgresql@15-main";
        Assert.Equal("Stop postgresql@15-main", (await rig.PlanRestoreAsync(taken))[0].Name);
    }

    [Fact]
    public async Task A_number_that_a_crashed_server_has_left_is_no_server_when_another_program_has_it()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT 1 AS n;");
        var taken = await rig.CaptureAsync();
        var told = $"{rig.Server.Data}/postmaster.pid";
        var lines = await File.ReadAllLinesAsync(told, BaseRig.Cancellation);
        // By another way to the same folder it is a server all the same.
        var way = Path.Join(rig.Server.Folder, "way");
        File.CreateSymbolicLink(way, rig.Server.Folder);
        Assert.Equal(lines[0], $"{Postmaster.Find(Path.Join(way, "data"))}");
        await rig.Server.StopServerAsync("immediate");
        await File.WriteAllLinesAsync(told, [$"{Environment.ProcessId}", .. lines[1..]], BaseRig.Cancellation);
        // Nor is what a person runs in the folder.
        using var looking = Command.Start("env", ["-C", rig.Server.Data, "cat"]);
        await Eventually.HoldsAsync("the other program looks at the data directory", () => LocalEntries.AreSame($"/proc/{looking.Id}/cwd", rig.Server.Data) == true);
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.False(looking.HasExited);
        looking.StandardInput.Close();
        await looking.WaitForExitAsync(BaseRig.Cancellation);
        Assert.Equal("1", await rig.Server.QueryAsync("postgres", "SELECT n FROM t"));
    }

    /// <summary>There it has another number than here, and that is the one it writes down.</summary>
    [Fact]
    public async Task A_server_in_a_container_is_seen_by_the_folder_that_it_works_in()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT 1 AS n;");
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        using var container = Command.Start(Require.Program("unshare"), ["--pid", "--fork", "--mount-proc", "--kill-child", "runuser", "-u", "postgres", "--", rig.Server.Program("postgres"), "-D", rig.Server.Data, "-p", $"{rig.Server.Port}", "-k", rig.Server.Folder]);
        try
        {
            await Eventually.HoldsAsync("the server is ready", () => File.Exists($"{rig.Server.Data}/postmaster.pid") && File.ReadAllText($"{rig.Server.Data}/postmaster.pid").Contains("ready", StringComparison.Ordinal));
            var told = (await File.ReadAllLinesAsync($"{rig.Server.Data}/postmaster.pid", BaseRig.Cancellation))[0];
            var seen = Assert.NotNull(Postmaster.Find(rig.Server.Data));
            Assert.NotEqual(told, $"{seen}");
            foreach (var isDelta in new[] { true, false })
                Assert.Equal("HF-PG-RUNNING", (await rig.RefusedAsync(taken, new RecoveryRequest { Delta = isDelta })).Code);
            Assert.Equal("1", await rig.Server.QueryAsync("postgres", "SELECT n FROM t"));
            (await Command.RunAsync("kill", ["-INT", $"{seen}"])).Succeeded(); // it is the server itself, which shuts down by that
            await container.WaitForExitAsync(BaseRig.Cancellation);
        }
        finally
        {
            if (!container.HasExited) container.Kill();
        }
        Assert.Null(Postmaster.Find(rig.Server.Data));
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal("1", await rig.Server.QueryAsync("postgres", "SELECT n FROM t"));
    }

    [Fact]
    public async Task A_server_that_is_started_while_the_files_grow_keeps_its_directory()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT 1 AS n;");
        var taken = await rig.CaptureAsync();
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET n = 2;");
        await rig.Server.StopServerAsync();
        // What has grown is made durable right before it changes places.
        await File.WriteAllTextAsync(rig["sync"], $"#!/bin/sh\nrunuser -u postgres -- {rig.Server.Program("pg_ctl")} -D {rig.Server.Data} -w -l {rig.Server.Folder}/log -o '-p {rig.Server.Port} -k {rig.Server.Folder}' start < /dev/null > /dev/null 2>&1\nexec {Require.Program("sync")} \"$@\"\n", BaseRig.Cancellation);
        File.SetUnixFileMode(rig["sync"], (UnixFileMode)0b111_101_101);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(taken))).Problem;
        Assert.Equal("HF-PG-RUNNING", problem.Code);
        Assert.Equal("2", await rig.Server.QueryAsync("postgres", "SELECT n FROM t"));
        Assert.Equal([rig.Server.Data], Directory.GetDirectories(rig.Server.Folder));

        File.Delete(rig["sync"]);
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal("1", await rig.Server.QueryAsync("postgres", "SELECT n FROM t"));
    }

    [Fact]
    public async Task Places_of_tablespaces_that_can_not_be_are_refused_by_the_plan()
    {
        await using var rig = await BaseRig.StartAsync();
        var (fast, slow) = (Path.Join(rig.Server.Folder, "fast"), Path.Join(rig.Server.Folder, "slow"));
        foreach (var folder in new[] { fast, slow })
        {
            Directory.CreateDirectory(folder);
            (await Command.RunAsync("chown", ["postgres", folder])).Succeeded();
            await rig.Server.ExecuteAsync("postgres", $"CREATE TABLESPACE {Path.GetFileName(folder)} LOCATION '{folder}';");
        }
        var oid = await rig.Server.QueryAsync("postgres", "SELECT oid FROM pg_tablespace WHERE spcname = 'fast'");
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        var (file, link) = (Path.Join(rig.Server.Folder, "file"), Path.Join(rig.Server.Folder, "link"));
        await File.WriteAllTextAsync(file, "", BaseRig.Cancellation);
        File.CreateSymbolicLink(link, rig.Server.Data);

        await RefusedAsync(file, $"{file} is none");
        await RefusedAsync($"{file}/below", $"{file} is none");
        await RefusedAsync($"{rig.Server.Data}/fast", "lies in the data directory");
        await RefusedAsync($"{rig.Server.Folder}/../{Path.GetFileName(rig.Server.Folder)}/data/", "lies in the data directory");
        await RefusedAsync($"{link}/base/new", "lies in the data directory");
        await RefusedAsync(slow, "is that of tablespace");
        foreach (var place in new[] { fast, Path.Join(rig.Server.Folder, "database"), "/srv/new/one" }) Assert.NotEmpty(await PlanAsync(place));

        async Task RefusedAsync(string place, string why)
        {
            var problem = (await Assert.ThrowsAsync<ProblemException>(() => PlanAsync(place))).Problem;
            Assert.Equal("HF-PG-FILES", problem.Code);
            Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        }

        Task<IReadOnlyList<Holdfast.Engine.Planning.Step>> PlanAsync(string place) =>
            rig.PlanRestoreAsync(taken, new RecoveryRequest { Places = new Dictionary<string, string>(StringComparer.Ordinal) { [oid] = place } });
    }
}
