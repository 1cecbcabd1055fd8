using System.Diagnostics;
using System.Globalization;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>
/// kill -9 of base backups and of restores over a cluster with two tablespaces, when steps begin and at random instants. Afterwards the old
/// cluster is there whole, or the new one is, and the same command ends well. HOLDFAST_KILLS sets how many random ones, HOLDFAST_SEED when.
/// </summary>
public sealed class BaseKillTests(ITestOutputHelper output)
{
    private const string Question = "SELECT string_agg(DISTINCT era, ',') || '|' || count(*) FROM (SELECT era FROM plain UNION ALL SELECT era FROM fast UNION ALL SELECT era FROM slow) t";
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 2, 50);

    [Fact]
    public async Task Killed_while_it_copies_nothing_is_left_behind_and_the_next_backup_is_good()
    {
        await using var scene = await OpenAsync();
        var length = await TimeAsync(scene.Files, "backup");
        var (random, killed) = (Sample.Random("BaseKillTests"), 0);
        for (var round = 0; round < Kills; round++)
        {
            await scene.Server.ExecuteAsync("postgres", $"UPDATE plain SET pad = md5(n::text || {round});");
            killed += await KillAsync(scene.Files, null, random.NextDouble() * length, "backup") ? 1 : 0;

            (await scene.Files.RunAsync("recover")).Succeeded();
            await scene.Files.CheckAsync();
            // The server notices a moment later that nobody is there any more.
            await Eventually.HoldsAsync("the slot is gone", async () =>
                await scene.Server.QueryAsync("postgres", "SELECT count(*) FROM pg_replication_slots") == "0", () => $"Seed {Sample.Seed}, round {round}.");
        }
        (await scene.Files.RunAsync("backup")).Succeeded();
        var sum = await SumAsync(scene.Server);
        await scene.Server.StopServerAsync("immediate");
        (await scene.Files.RunAsync("restore", "--yes")).Succeeded();
        Assert.Equal(sum, await SumAsync(scene.Server));
        await scene.Files.CheckAsync();
        output.WriteLine($"{killed} of {Kills} backups were killed before their end; seed {Sample.Seed}.");
    }

    [Fact]
    public async Task Killed_while_it_restores_the_old_cluster_is_whole_or_the_new_one_is()
    {
        await using var scene = await OpenAsync();
        (await scene.Files.RunAsync("backup")).Succeeded();
        await scene.Server.StopServerAsync();
        var steps = Steps(await scene.Files.RunAsync("restore", "--plan"));
        var place = 1 + steps.FindIndex(step => step.Contains("in place", StringComparison.Ordinal));
        Assert.InRange(place, 2, steps.Count - 1);
        var (writing, placing) = await TimesAsync(scene.Files, place);
        var (random, killed, kept) = (Sample.Random("BaseKillTests"), 0, 0);
        // At the beginning of each step that touches the cluster, then somewhere in them: folders change places at the end of the second one.
        var instants = new List<(int Step, double Seconds)> { (place, 0), (place + 1, 0) };
        for (var kill = 0; kill < Kills; kill++) instants.Add(kill % 2 == 1 ? (place - 1, random.NextDouble() * writing) : (place, random.NextDouble() * placing));
        foreach (var (number, (step, seconds)) in instants.Index())
        {
            await AgeAsync(scene.Server, $"old{number}");
            killed += await KillAsync(scene.Files, step, TimeSpan.FromSeconds(seconds), "restore", "--yes") ? 1 : 0;
            (await scene.Files.RunAsync("recover")).Succeeded();

            await UpAsync(scene.Server);
            var era = await scene.Server.QueryAsync("postgres", Question);
            Assert.True(era == $"old{number}|60000" || era == "first|60000", $"'{era}' after a kill {seconds:0.000} s into step {step}; seed {Sample.Seed}.");
            kept += era[0] == 'o' ? 1 : 0;
            Assert.Empty(Directory.GetFileSystemEntries(scene.Server.Folder, "*incomplete*", SearchOption.AllDirectories));
            await scene.Server.StopServerAsync("immediate");
            (await scene.Files.RunAsync("restore", "--yes")).Succeeded();
            Assert.Equal("first|60000", await scene.Server.QueryAsync("postgres", Question));
        }
        (await scene.Server.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "postgres"])).Succeeded();
        await scene.Files.CheckAsync();
        output.WriteLine($"{killed} of {instants.Count} restores were killed before their end, after {kept} the old cluster was there; seed {Sample.Seed}.");
        Assert.True(killed >= instants.Count / 2, $"Only {killed} of {instants.Count} restores were still running when they were killed; seed {Sample.Seed}.");
        Assert.True(kept > 0);
    }

    /// <summary>A cluster with tables in three places, a profile of it, and an empty repository.</summary>
    private static async Task<KillScene> OpenAsync()
    {
        Require.Root();
        var server = await PostgresServer.StartAsync(new PostgresServerOptions { Checksums = true, Settings = ["wal_level=replica", "max_wal_size=64MB", "autovacuum=off"] });
        var scene = new KillScene(new Scene(), server);
        foreach (var name in new[] { "fast", "slow" })
        {
            Directory.CreateDirectory($"{server.Folder}/{name}");
            (await Command.RunAsync("chown", ["postgres", $"{server.Folder}/{name}"])).Succeeded();
            await server.ExecuteAsync("postgres", $"CREATE TABLESPACE {name} LOCATION '{server.Folder}/{name}';");
        }
        foreach (var (table, space) in new[] { ("plain", "pg_default"), ("fast", "fast"), ("slow", "slow") })
            await server.ExecuteAsync("postgres", $"CREATE TABLE {table} TABLESPACE {space} AS SELECT n, 'first' AS era, md5(n::text) AS pad FROM generate_series(1, 20000) n; CREATE INDEX ON {table} (n);");
        scene.Files.WriteProfile("scene", $$"""
            postgres:
              - name: main
                method: base
                connection: { host: {{server.Folder}}, port: {{server.Port}} }
            """);
        await scene.Files.MakeRepositoryAsync();
        return scene;
    }

    /// <summary>Makes the cluster another one than the recovery point has, and leaves it down. What earlier restores moved aside goes.</summary>
    private static async Task AgeAsync(PostgresServer server, string era)
    {
        await UpAsync(server);
        await server.ExecuteAsync("postgres", $"UPDATE plain SET era = '{era}'; UPDATE fast SET era = '{era}'; UPDATE slow SET era = '{era}';");
        await server.StopServerAsync();
        (await Command.BashAsync("rm -rf \"$1\"/*.before-* \"$1\"/*/PG_*.before-*", server.Folder)).Succeeded();
    }

    /// <summary>Whatever was cut off, the server that is there comes up, and is done with what it has to replay.</summary>
    private static async Task UpAsync(PostgresServer server)
    {
        if ((await server.RunAsync("pg_isready", [])).ExitCode == 2) await server.AsServerAsync("pg_ctl", "-D", server.Data, "-w", "-l", Path.Join(server.Folder, "log"), "start");
        await Eventually.HoldsAsync("the server has replayed its WAL", async () =>
            (await server.RunAsync("psql", ["-XAtq", "-c", "SELECT pg_is_in_recovery()"])).Output.Trim() == "f", () => server.Log);
    }

    private static Task<string> SumAsync(PostgresServer server) =>
        server.QueryAsync("postgres", "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM (SELECT * FROM plain UNION ALL SELECT * FROM fast UNION ALL SELECT * FROM slow) t");

    private static List<string> Steps(CommandResult plan) => [.. plan.Succeeded().Output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && char.IsAsciiDigit(line[0]))];

    private static async Task<TimeSpan> TimeAsync(Scene scene, params string[] command)
    {
        var began = TimeProvider.System.GetTimestamp();
        (await scene.RunAsync(command)).Succeeded();
        return TimeProvider.System.GetElapsedTime(began);
    }

    /// <summary>How long the step before a step takes, and that step: the instants are drawn from that.</summary>
    private static async Task<(double Before, double Step)> TimesAsync(Scene scene, int step)
    {
        var lines = (await scene.RunAsync("restore", "--yes", "--json")).Succeeded().Output.Split('\n').Where(line => line.Contains("\"step_finished\"", StringComparison.Ordinal)).ToList();
        return (Seconds(lines[step - 2]), Seconds(lines[step - 1]));
    }

    private static double Seconds(string line) => (double)System.Text.Json.Nodes.JsonNode.Parse(line)!["seconds"]!;

    /// <summary>True when the program was still running when it was killed, so long after a step of it began, or after its own beginning.</summary>
    private static async Task<bool> KillAsync(Scene scene, int? step, TimeSpan after, params string[] command)
    {
        using var process = scene.Start([.. command, "--json"]);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        if (step is { } number) await UntilAsync(process, string.Create(CultureInfo.InvariantCulture, $"\"number\":{number},"));
        var rest = process.StandardOutput.ReadToEndAsync();
        await Eventually.PassAsync(after, "an instant of chance");
        process.Kill();
        await process.WaitForExitAsync();
        await Task.WhenAll(rest, errors);
        return process.ExitCode == 128 + 9;
    }

    private static async Task UntilAsync(Process process, string word)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("\"step_started\"", StringComparison.Ordinal) && line.Contains(word, StringComparison.Ordinal)) return;
    }

    private sealed record KillScene(Scene Files, PostgresServer Server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            Files.Dispose();
        }
    }
}
