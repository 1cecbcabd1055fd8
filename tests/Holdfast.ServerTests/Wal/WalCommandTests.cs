using System.Globalization;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>Switching archiving on and off, bringing segments back without a service, and what a push costs.</summary>
public sealed class WalCommandTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archiving_is_switched_on_proven_and_switched_off_again()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await scene.Server.ExecuteAsync("postgres", "ALTER SYSTEM SET archive_timeout = 7; SELECT pg_reload_conf();");
        scene.LetServerRunBinary();
        await scene.ServeAsync();

        var plan = (await scene.Scene.RunAsync("postgres", "enable-archiving", "--plan", "--socket", scene.Socket)).Succeeded().Output;
        Assert.Contains("archive_mode", plan, StringComparison.Ordinal);
        Assert.Contains("postgresql.auto.conf", plan, StringComparison.Ordinal);
        Assert.Equal("off", await scene.Server.QueryAsync("postgres", "SHOW archive_mode"));
        await scene.Scene.FailsAsync(Catalogue.Unconfirmed, "postgres", "enable-archiving", "--socket", scene.Socket);

        await scene.Scene.FailsAsync(Catalogue.PostgresRestart, "postgres", "enable-archiving", "--yes", "--socket", scene.Socket);
        await scene.Scene.FailsAsync(Catalogue.PostgresRestart, "postgres", "enable-archiving", "--yes", "--socket", scene.Socket);
        await scene.Server.StopServerAsync();
        await scene.Server.StartServerAsync();
        var proven = (await scene.Scene.RunAsync("postgres", "enable-archiving", "--yes", "--socket", scene.Socket)).Succeeded();
        Assert.Contains("Archiving of main works", proven.Output, StringComparison.Ordinal);

        await scene.StopAsync();
        await scene.Scene.FailsAsync(Catalogue.PostgresRestart, "postgres", "disable-archiving", "--yes");
        await scene.Server.StopServerAsync();
        await scene.Server.StartServerAsync();
        Assert.Equal("off (disabled) 7s", await scene.Server.QueryAsync("postgres", "SELECT current_setting('archive_mode') || ' ' || current_setting('archive_command') || ' ' || current_setting('archive_timeout')"));
        (await scene.Scene.RunAsync("postgres", "disable-archiving", "--yes")).Succeeded();
    }

    /// <summary>Where the profile names the server's unit, one call does all. The unit's place is taken by a script that restarts this server.</summary>
    [Fact]
    public async Task A_server_whose_unit_is_named_is_restarted_and_the_proof_is_in_the_same_call()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        scene.LetServerRunBinary();
        await scene.ServeAsync();
        scene.NameUnit("postgresql@15-main");
        Assert.Contains("postgresql@15-main is restarted for that", (await scene.Scene.RunAsync("postgres", "enable-archiving", "--plan", "--socket", scene.Socket)).Succeeded().Output, StringComparison.Ordinal);
        await scene.Scene.FailsAsync(Catalogue.PostgresRestart, "postgres", "enable-archiving", "--yes", "--no-restart", "--socket", scene.Socket);
        Assert.Equal("off", await scene.Server.QueryAsync("postgres", "SHOW archive_mode"));
        var proven = (await scene.Scene.RunAsync("postgres", "enable-archiving", "--yes", "--socket", scene.Socket)).Succeeded();
        Assert.Contains("Archiving of main works", proven.Output, StringComparison.Ordinal);
        (await scene.Scene.RunAsync("postgres", "disable-archiving", "--yes")).Succeeded();
        Assert.Equal("off", await scene.Server.QueryAsync("postgres", "SHOW archive_mode"));
    }

    [Fact]
    public async Task Archiving_that_does_not_arrive_is_told()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync();
        scene.LetServerRunBinary();
        // Nobody serves: the server tries in vain, and that is told long before the time is over, which is more than a command of a test may take.
        var failed = await scene.Scene.FailsAsync(Catalogue.ArchivingUnproven, "postgres", "enable-archiving", "--yes", "--timeout", "3600", "--socket", scene.Socket);
        Assert.Contains("failed to archive", failed.Errors, StringComparison.Ordinal);
        Assert.Contains(Catalogue.ServeAway.Code, scene.Server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_service_segments_come_back_and_the_next_ones_are_read_ahead()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await scene.ServeAsync();
        await scene.Server.ExecuteAsync("postgres", "ALTER SYSTEM SET wal_keep_size = '1GB'; SELECT pg_reload_conf();");
        var names = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            names.Add(await scene.SwitchAsync());
            (await scene.PushAsync(Path.Combine(WalScene.Log(scene.Server), names[i]))).Succeeded();
        }
        await scene.StopAsync();
        var target = scene.Scene["target"];
        foreach (var name in names)
        {
            (await scene.Scene.RunAsync("wal", "fetch", name, target)).Succeeded();
            (await Command.RunAsync("cmp", [target, Path.Combine(WalScene.Log(scene.Server), name)])).Succeeded();
            if (name == names[0]) Assert.Equal(names[1..], Directory.GetFiles(scene.Scene[".holdfast-wal"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
        File.Delete(target);
        var missing = await scene.Scene.RunAsync("wal", "fetch", "0000000100000000000000F0", target);
        Assert.Equal(1, missing.ExitCode);
        Assert.False(File.Exists(target));
        Assert.False(Directory.Exists(scene.Scene[".holdfast-wal"]));
        Assert.Equal(1, (await scene.Scene.RunAsync("wal", "fetch", "00000002.history", target)).ExitCode);
        var nowhere = await scene.Scene.RunAsync("wal", "fetch", names[0], scene.Scene["no-folder/target"]);
        Assert.Equal((int)ExitCode.AbortRecovery, nowhere.ExitCode);
        Assert.Contains(Catalogue.WalUnwritable.Code, nowhere.Errors, StringComparison.Ordinal);
        Directory.Move(scene.Scene.Repository, scene.Scene["gone"]);
        var failed = await scene.Scene.RunAsync("wal", "fetch", names[0], target);
        Assert.Equal((int)ExitCode.AbortRecovery, failed.ExitCode);
        Assert.Contains(Catalogue.RepositoryMissing.Code, failed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_costs_the_client_next_to_nothing()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await scene.ServeAsync();
        var path = Path.Combine(WalScene.Log(scene.Server), await scene.SwitchAsync());
        (await scene.PushAsync(path)).Succeeded();
        const int pushes = 50;
        var timed = (await Command.BashAsync($"for i in $(seq {pushes}); do $1; done; times", scene.CommandLine($"push {path}"))).Succeeded().Output;
        // The second line of "times" is of the children: 0m0.123s 0m0.045s.
        var milliseconds = timed.Split('\n')[1].Split(' ').Sum(part => (int.Parse(part[..part.IndexOf('m')], CultureInfo.InvariantCulture) * 60_000) + (double.Parse(part[(part.IndexOf('m') + 1)..^1], CultureInfo.InvariantCulture) * 1000)) / pushes;
        output.WriteLine($"{milliseconds:0.0} ms of CPU time a push.");
        Assert.True(milliseconds < 10, $"A push took {milliseconds:0.0} ms of CPU time.");
    }
}
