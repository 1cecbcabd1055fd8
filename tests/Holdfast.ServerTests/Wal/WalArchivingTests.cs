using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>PostgreSQL archives by the service and recovers from it; PostgreSQL is the judge of what came back.</summary>
public sealed class WalArchivingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_committed_after_a_base_backup_is_recovered_from_the_archive()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync();
        await scene.ArchiveAsync();
        var backup = await scene.BaseBackupAsync();
        for (var i = 0; i < 4; i++) await scene.SwitchAsync();
        await scene.UntilArchivedAsync(await scene.SwitchAsync());
        var expected = await scene.Server.QueryAsync("postgres", "SELECT count(*), md5(string_agg(filler, '' ORDER BY id)) FROM t");
        const string query = "SELECT count(*), md5(string_agg(filler, '' ORDER BY id)) FROM t";

        Assert.Equal(expected, await scene.RecoverAsync(backup, query));

        var (exit, status, all) = await scene.StatusAsync();
        // The base backup is PostgreSQL's own: no recovery point could use this WAL.
        Assert.True(exit == (int)ExitCode.Incomplete && all.Contains(Catalogue.WalBaseless.Code, StringComparison.Ordinal), all);
        Assert.Equal(1, all.Split("\"code\"").Length - 1);
        Assert.Empty(status["gaps"]!.AsArray());
        Assert.Equal(0, (int)status["behind"]!);
        var (code, told) = await scene.StopAsync();
        Assert.True(code == 0, told);
        await scene.Scene.CheckAsync();
    }

    [Fact]
    public async Task Killed_again_and_again_under_load_the_service_loses_no_segment()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync();
        await scene.ArchiveAsync();
        var backup = await scene.BaseBackupAsync();
        var first = await scene.SwitchAsync();
        var random = new Random(7);
        var last = first;
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 3; i++) last = await scene.SwitchAsync(5000);
            await Eventually.PassAsync(TimeSpan.FromMilliseconds(random.Next(50, 700)), "an instant of chance");
            await scene.KillAsync();
            last = await scene.SwitchAsync();
            await scene.ServeAsync();
        }
        await scene.UntilArchivedAsync(last);

        var (exit, status, all) = await scene.StatusAsync();
        Assert.True(exit is 0 or (int)ExitCode.Incomplete, all); // the last failure may be told of still
        Assert.Empty(status["gaps"]!.AsArray());
        Assert.Equal(last, (string)status["newest"]!);
        var expected = await scene.Server.QueryAsync("postgres", "SELECT count(*), sum(hashtext(filler)) FROM t");
        Assert.Equal(expected, await scene.RecoverAsync(backup, "SELECT count(*), sum(hashtext(filler)) FROM t"));
        await scene.StopAsync();
        (await scene.Scene.RunAsync("repo", "unlock")).Succeeded();
        await scene.Scene.CheckAsync();
    }

    [Fact]
    public async Task A_full_repository_is_an_alarm_and_all_is_archived_when_there_is_room()
    {
        Require.Root();
        MountSpace space = await MountSpace.MakeAsync();
        await using var scene = await WalScene.MakeAsync(prepare: async scene =>
        {
            scene.Space = space;
            Directory.CreateDirectory(scene.Repository);
            await space.MountSmallAsync(scene.Repository, "6m");
        });
        await scene.ArchiveAsync();
        // What does not compress: the third segment finds no room.
        const string noise = "INSERT INTO noise SELECT gen_random_uuid()::text || gen_random_uuid()::text FROM generate_series(1, 40000)";
        await scene.Server.ExecuteAsync("postgres", "CREATE TABLE noise (x text)");
        for (var i = 0; i < 4; i++)
        {
            await scene.Server.ExecuteAsync("postgres", noise);
            await scene.SwitchAsync();
        }
        var last = await scene.SwitchAsync();
        await Eventually.HoldsAsync("the archive is full", async () => await scene.Server.QueryAsync("postgres", "SELECT failed_count > 0 FROM pg_stat_archiver") == "t");
        var (exit, _, all) = await scene.StatusAsync();
        Assert.Equal((int)ExitCode.Incomplete, exit);
        Assert.Contains(Catalogue.WalLate.Code, all, StringComparison.Ordinal);
        Assert.Contains(Catalogue.RepositoryFull.Code, scene.Server.Log, StringComparison.Ordinal);

        await space.EnlargeAsync(scene.Scene.Repository, "200m");
        await scene.UntilArchivedAsync(last);
        Assert.Empty((await scene.StatusAsync()).Status["gaps"]!.AsArray());
        var (code, told) = await scene.StopAsync();
        Assert.Equal(0, code);
        Assert.Contains(Catalogue.RepositoryFull.Code, told, StringComparison.Ordinal);
        await scene.Scene.CheckAsync();
    }

    [Fact]
    public async Task The_same_file_again_is_fine_and_another_one_of_the_name_or_of_another_cluster_is_not()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await using var other = await PostgresServer.StartAsync(new PostgresServerOptions { OwnIdentity = true });
        await scene.ServeAsync();
        var name = await scene.SwitchAsync();
        var path = Path.Combine(WalScene.Log(scene.Server), name);

        (await scene.PushAsync(path)).Succeeded();
        (await scene.PushAsync(path)).Succeeded();
        await scene.KillAsync();
        await scene.ServeAsync(); // one that does not remember
        (await scene.PushAsync(path)).Succeeded();

        var copy = Path.Combine(scene.Server.Folder, name);
        await Command.RunAsync("cp", ["-p", path, copy]);
        (await Command.BashAsync("printf x | dd of=\"$1\" bs=1 seek=100000 conv=notrunc status=none", copy)).Succeeded();
        Expect(Catalogue.WalDiffers, await scene.PushAsync(copy));

        var foreign = await other.QueryAsync("postgres", "CREATE TABLE x (); SELECT pg_walfile_name(pg_switch_wal())");
        Expect(Catalogue.WalForeign, await scene.PushAsync(Path.Combine(WalScene.Log(other), foreign)));
        Expect(Catalogue.WalInvalid, await scene.PushAsync("/etc/passwd"));
        Expect(Catalogue.WalUnreadable, await scene.PushAsync(Path.Combine(WalScene.Log(scene.Server), "0000000100000000000000F0")));
        Expect(Catalogue.ClusterUnknown, await scene.PushAsync(path, "--cluster", "other"));
        await scene.StopAsync();
        Expect(Catalogue.ServeAway, await scene.PushAsync(path));
    }

    [Fact]
    public async Task Only_the_owner_of_the_cluster_can_ask_and_only_for_its_own_files()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await scene.ServeAsync();
        var name = await scene.SwitchAsync();
        var line = scene.CommandLine($"push {Path.Combine(WalScene.Log(scene.Server), name)}");
        (await Command.RunAsync("chmod", ["755", scene.Server.Folder])).Succeeded();
        Expect(Catalogue.ServeAway, await Command.BashAsync("runuser -u nobody -- $1", line));
        (await Command.BashAsync("runuser -u postgres -- $1", line)).Succeeded();
        // A file of root's that is called as a history is: the user "postgres" could not read it, so it may not have it read.
        var secret = Path.Combine(scene.Server.Folder, "00000009.history");
        File.WriteAllText(secret, "secret");
        Expect(Catalogue.WalUnreadable, await Command.BashAsync("runuser -u postgres -- $1", scene.CommandLine($"push {secret}")));
        var link = Path.Combine(scene.Server.Folder, "0000000A.history");
        File.CreateSymbolicLink(link, "/etc/shadow");
        Expect(Catalogue.WalUnreadable, await scene.PushAsync(link));
    }

    [Fact]
    public async Task A_push_waits_for_whoever_has_the_repository_for_himself()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await scene.ServeAsync();
        var name = await scene.SwitchAsync();
        await using var repository = await Repository.OpenAsync(new LocalBackend(scene.Scene.Repository), Scene.Password, cancellation: Token);
        var held = await repository.LockAsync(LockKind.Exclusive, cancellation: Token);
        var pushing = scene.PushAsync(Path.Combine(WalScene.Log(scene.Server), name));
        await Eventually.PassAsync(TimeSpan.FromSeconds(1.5), "a push that did not wait would have ended");
        Assert.False(pushing.IsCompleted);
        await held.DisposeAsync();
        (await pushing).Succeeded();
    }

    [Fact]
    public async Task A_segment_that_is_lost_is_named_as_a_gap()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        await scene.ServeAsync();
        var names = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            names.Add(await scene.SwitchAsync());
            // One by one, so that each is a snapshot of its own.
            (await scene.PushAsync(Path.Combine(WalScene.Log(scene.Server), names[i]))).Succeeded();
        }
        await scene.StopAsync();
        await using var repository = await Repository.OpenAsync(new LocalBackend(scene.Scene.Repository), Scene.Password, cancellation: Token);
        var snapshot = (await repository.ListSnapshotsAsync(Token)).Single(one => one.Paths.Any(path => path.EndsWith(names[2], StringComparison.Ordinal)));
        await repository.ForgetAsync(snapshot.Id, Token);

        var (exit, status, all) = await scene.StatusAsync();

        Assert.Equal((int)ExitCode.Incomplete, exit);
        var gap = Assert.Single(status["gaps"]!.AsArray())!;
        Assert.Equal((names[2], names[2], true), ((string)gap["first"]!, (string)gap["last"]!, (bool)gap["matters"]!));
        Assert.Contains(Catalogue.WalGap.Code, all, StringComparison.Ordinal);
    }

    private static void Expect(ProblemKind kind, CommandResult result)
    {
        Assert.True(result.Errors.Contains($"[{kind.Code}]", StringComparison.Ordinal), $"{kind.Code} was expected. {result}");
        Assert.Equal((int)kind.Exit, result.ExitCode);
        Assert.Matches("(?m)^ +hint: .+", result.Errors);
    }
}
