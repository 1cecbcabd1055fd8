using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Components;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>Clusters that come back from base backups to where they were, beside it, over it, and to other instants than the mark.</summary>
public sealed class BaseRestoreTests
{
    private const string Fill = "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 10) AS pad FROM generate_series(1, 20000) n; CREATE INDEX ON t (n);";

    [Fact]
    public async Task A_cluster_comes_back_to_its_place_as_of_the_mark_and_the_old_one_is_kept()
    {
        await using var rig = await BaseRig.StartAsync("recovery_target_time='2001-01-01 00:00:00+00'"); // of a recovery by hand, long ago
        await rig.Server.ExecuteAsync("postgres", Fill);
        var taken = await rig.CaptureAsync(between: () => rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (20001, 'between');"));
        await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (0, 'too late');");
        var face = await FaceAsync(rig.Server);
        Assert.Equal("HF-PG-RUNNING", (await rig.RefusedAsync(taken)).Code);
        await rig.Server.StopServerAsync("immediate");

        var context = await rig.RestoreAsync(taken);
        Assert.Equal("20001|20001", await rig.Server.QueryAsync("postgres", "SELECT count(*), max(n) FROM t"));
        Assert.Equal("f", await rig.Server.QueryAsync("postgres", "SELECT pg_is_in_recovery()"));
        await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (0, 'too late');");
        Assert.Equal(face, await FaceAsync(rig.Server));
        await SoundAsync(rig.Server);
        var aside = Assert.Single(Directory.GetDirectories(rig.Server.Folder, "data.before-*"));
        Assert.Contains(context.Notes, note => note.Contains(aside, StringComparison.Ordinal));
        Assert.Empty(Directory.GetDirectories(rig.Server.Folder, "*incomplete*"));
        Assert.Equal("postgres 700", (await Command.RunAsync("stat", ["-c", "%U %a", rig.Server.Data])).Succeeded().Output.Trim());
    }

    [Fact]
    public async Task A_delta_restore_keeps_what_agrees_and_removes_what_came_later()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
        var taken = await rig.CaptureAsync();
        var file = Path.Join(rig.Server.Data, await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')"));
        var inode = await InodeAsync(file);
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE later AS SELECT 1 AS n; CREATE DATABASE later;");
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal("20000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
        Assert.Equal("0", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM pg_class WHERE relname = 'later'"));
        Assert.Equal(inode, await InodeAsync(file));
        Assert.Empty(Directory.GetDirectories(rig.Server.Folder, "data.before-*"));
        await SoundAsync(rig.Server);
    }

    [Fact]
    public async Task Tablespaces_go_where_the_user_wants_them()
    {
        await using var rig = await BaseRig.StartAsync();
        var (fast, moved) = (Path.Join(rig.Server.Folder, "fast"), Path.Join(rig.Server.Folder, "moved"));
        Directory.CreateDirectory(fast);
        (await Command.RunAsync("chown", ["postgres", fast])).Succeeded();
        await rig.Server.ExecuteAsync("postgres", $"CREATE TABLESPACE fast LOCATION '{fast}';");
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE quick TABLESPACE fast AS SELECT n FROM generate_series(1, 5000) n;");
        var oid = await rig.Server.QueryAsync("postgres", "SELECT oid FROM pg_tablespace WHERE spcname = 'fast'");
        var taken = await rig.CaptureAsync();
        Assert.Equal(fast, Assert.Single((await rig.ReadRecordAsync(taken)).Tablespaces).Path);
        await rig.Server.StopServerAsync();
        Assert.Equal("HF-PG-TARGET", (await rig.RefusedAsync(taken, new RecoveryRequest { Places = Place("1", "/x") })).Code);

        await rig.RestoreAsync(taken, new RecoveryRequest { Places = Place(oid, moved) });
        Assert.Equal($"{moved}|5000", await rig.Server.QueryAsync("postgres", $"SELECT pg_tablespace_location({oid}), (SELECT count(*) FROM quick)"));
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal($"{fast}|5000", await rig.Server.QueryAsync("postgres", $"SELECT pg_tablespace_location({oid}), (SELECT count(*) FROM quick)"));
        Assert.Equal(2, Directory.GetDirectories(fast).Length); // the old one is beside it
    }

    [Fact]
    public async Task Other_instants_that_the_points_WAL_covers_are_met_and_those_that_it_does_not_are_refused()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var address = "";
        var taken = await rig.CaptureAsync(between: async () =>
        {
            await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (-1, 'one');");
            address = await rig.Server.QueryAsync("postgres", "SELECT pg_current_wal_insert_lsn()");
            await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (-2, 'two');");
        });
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken, new RecoveryRequest { Limit = RecoveryLimit.Address, To = address });
        Assert.Equal("-1", await rig.Server.QueryAsync("postgres", "SELECT min(n) FROM t"));
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken, new RecoveryRequest { Limit = RecoveryLimit.Immediate, Delta = true });
        Assert.Equal("1", await rig.Server.QueryAsync("postgres", "SELECT min(n) FROM t"));
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken, new RecoveryRequest { Pause = true });
        Assert.Equal("t|-2", await rig.Server.QueryAsync("postgres", "SELECT pg_is_in_recovery(), min(n) FROM t"));
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_wal_replay_resume();");
        await rig.Server.StopServerAsync();

        await RefusedAsync(new RecoveryRequest { Limit = RecoveryLimit.Time, To = "2001-01-01 00:00:00Z" }, "lies before");
        await RefusedAsync(new RecoveryRequest { Limit = RecoveryLimit.Time, To = "yesterday" }, "is no time");
        await RefusedAsync(new RecoveryRequest { Limit = RecoveryLimit.Address, To = "0/1" }, "lies before");
        await RefusedAsync(new RecoveryRequest { Limit = RecoveryLimit.Transaction, To = "x" }, "is no number");
        async Task RefusedAsync(RecoveryRequest wishes, string why)
        {
            var problem = await rig.RefusedAsync(taken, wishes);
            Assert.Equal("HF-PG-TARGET", problem.Code);
            Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Below_another_directory_nothing_is_started_and_a_server_on_it_comes_up()
    {
        await using var rig = await BaseRig.StartAsync("archive_mode=on", "archive_command='/bin/true'");
        await rig.Server.ExecuteAsync("postgres", Fill);
        var taken = await rig.CaptureAsync();
        var context = await rig.RestoreAsync(taken, target: rig["elsewhere"]);
        Assert.Contains(context.Notes, note => note.Contains("has not been started", StringComparison.Ordinal));
        File.SetUnixFileMode(rig["elsewhere"], (UnixFileMode)0b111_101_101);
        await Command.RunAsync("chmod", ["-R", "a+x", Path.GetDirectoryName(rig["elsewhere"] + rig.Server.Data)!]);
        (await Command.RunAsync("chmod", ["700", rig["elsewhere"] + rig.Server.Data])).Succeeded();
        await using var restored = await PostgresServer.StartAsync(new PostgresServerOptions { Data = rig["elsewhere"] + rig.Server.Data });
        Assert.Equal("20000", await restored.QueryAsync("postgres", "SELECT count(*) FROM t"));
        // Else the copy would archive under the names of the cluster that it is of.
        Assert.Equal("off", await restored.QueryAsync("postgres", "SHOW archive_mode"));
        Assert.Equal("on", await rig.Server.QueryAsync("postgres", "SHOW archive_mode"));
        Assert.Equal("20000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_new_disk_is_filled_where_it_is_and_a_folder_of_other_things_is_left_alone()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        Directory.Move(rig.Server.Data, rig.Server.Data + ".gone");
        Directory.CreateDirectory(Path.Join(rig.Server.Data, "lost+found"));
        var precious = Path.Join(rig.Server.Data, "precious");
        await File.WriteAllTextAsync(precious, "", BaseRig.Cancellation);
        var refused = await rig.RefusedAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Contains("is no cluster of PostgreSQL", refused.Message, StringComparison.Ordinal);
        File.Delete(precious);
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal("20000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_restore_that_does_not_fit_is_refused_before_anything_is_written()
    {
        await using var rig = await BaseRig.StartAsync();
        var taken = await rig.CaptureAsync();
        using var disk = new SmallDisk();
        var problem = await rig.RefusedAsync(taken, target: disk.Path);
        Assert.Equal("HF-RESTORE-FULL", problem.Code);
        Assert.Contains($"to the file system at {disk.Path}, which has", problem.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
        Assert.NotEmpty(await rig.PlanRestoreAsync(taken, new RecoveryRequest { IgnoreSpace = true }, disk.Path));
        // What stands there already needs no room.
        await rig.Server.StopServerAsync();
        Assert.NotEmpty(await rig.PlanRestoreAsync(taken, new RecoveryRequest { Delta = true }));
    }

    [Fact]
    public async Task A_data_directory_behind_a_link_is_captured_and_restored_where_the_link_leads()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        await rig.Server.StopServerAsync();
        var disk = Path.Join(rig.Server.Folder, "disk");
        Directory.Move(rig.Server.Data, disk);
        File.CreateSymbolicLink(rig.Server.Data, disk);
        await rig.Server.StartServerAsync();
        var taken = await rig.CaptureAsync();
        Assert.True(taken.Record.Counts["files"] > 500);
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal("20000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
        Assert.Equal(disk, new DirectoryInfo(rig.Server.Data).LinkTarget);
        Assert.Single(Directory.GetDirectories(rig.Server.Folder, "disk.before-*"));
    }

    [Fact]
    public async Task A_unit_that_was_stopped_for_a_restore_is_started_whatever_becomes_of_it()
    {
        await using var rig = await BaseRig.StartAsync();
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        var log = rig["systemctl.log"];
        await File.WriteAllTextAsync(rig["systemctl"], $"#!/bin/sh\necho \"$@\" >> {log}\n", BaseRig.Cancellation);
        File.SetUnixFileMode(rig["systemctl"], (UnixFileMode)0b111_101_101);
        rig.Service = "postgresql@15-main";
        await KillAsync(rig, taken);
        Assert.Equal(["show -p LoadState -- postgresql@15-main", "is-active --quiet -- postgresql@15-main", "stop -- postgresql@15-main", "start -- postgresql@15-main"], await File.ReadAllLinesAsync(log, BaseRig.Cancellation));
    }

    [Fact]
    public async Task A_replay_that_hangs_is_told_and_one_that_takes_long_is_not()
    {
        await using var rig = await BaseRig.StartAsync();
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        var (hang, program) = (rig["hang"], rig["program"]);
        File.Copy(HoldfastBinary.Find(), rig["holdfast"]);
        await File.WriteAllTextAsync(hang, "", BaseRig.Cancellation);
        await File.WriteAllTextAsync(
            program,
            $"#!/bin/sh\nif [ \"$1\" = wal ]; then test -e {hang} && exec sleep 600; sleep 0.3; fi\nexec {rig["holdfast"]} \"$@\"\n",
            BaseRig.Cancellation);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        var usual = rig.RestoreOptions with { LargestWal = 0, Program = program };
        rig.RestoreOptions = usual with { Longest = TimeSpan.FromSeconds(1.5) };
        var hung = await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(taken));
        Assert.Equal("HF-PG-RECOVERY", hung.Problem.Code);
        Assert.Contains("nothing has moved", hung.Problem.Message, StringComparison.Ordinal);

        await rig.Server.StopServerAsync("immediate");
        File.Delete(hang);
        rig.RestoreOptions = usual;
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal("f", await rig.Server.QueryAsync("postgres", "SELECT pg_is_in_recovery()"));
    }

    [Fact]
    public async Task A_cold_copy_comes_back_as_it_was_shut_down()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var log = Path.Join(rig.Server.Folder, "log-elsewhere");
        var taken = await rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, async () =>
        {
            await rig.Server.StopServerAsync();
            Directory.Move($"{rig.Server.Data}/pg_wal", log); // its WAL is its own wherever it lies
            File.CreateSymbolicLink($"{rig.Server.Data}/pg_wal", log);
        });
        await rig.Server.StartServerAsync();
        await rig.Server.ExecuteAsync("postgres", "DROP TABLE t;");
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Null(new DirectoryInfo($"{rig.Server.Data}/pg_wal").LinkTarget);
        Assert.Equal("20000|f", await rig.Server.QueryAsync("postgres", "SELECT count(*), pg_is_in_recovery() FROM t"));
        await SoundAsync(rig.Server);
    }

    [Fact]
    public async Task What_a_killed_restore_owes_leaves_the_old_cluster_as_it_was()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        await KillAsync(rig, taken, () => Assert.Single(Directory.GetDirectories(rig.Server.Folder, "*incomplete*")));
        Assert.Equal([rig.Server.Data], Directory.GetDirectories(rig.Server.Folder));
        await rig.Server.StartServerAsync();
        Assert.Equal("20000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
    }

    /// <summary>Kills a restore when its first step has acted, and recovers from that.</summary>
    private static async Task KillAsync(BaseRig rig, TakenPoint taken, Action? between = null)
    {
        rig.MayOwe = true;
        var hooks = new RunHooks { Dies = true, Acted = _ => throw new InvalidOperationException("Killed.") };
        await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(taken, hooks: hooks));
        Assert.Single(rig.Said.Owed);
        between?.Invoke();
        var recovered = await rig.RecoverAsync(rig.Component());
        Assert.Equal((1, 0), (recovered.Undone, recovered.Failures.Count));
    }

    private static Dictionary<string, string> Place(string oid, string path) => new(StringComparer.Ordinal) { [oid] = path };

    private static async Task<string> InodeAsync(string path) => (await Command.RunAsync("stat", ["-c", "%i", path])).Succeeded().Output;

    private static async Task<string> FaceAsync(PostgresServer server) => (await server.RunAsync("pg_dumpall", ["--restrict-key=test"])).Succeeded().Output;

    private static async Task SoundAsync(PostgresServer server)
    {
        (await server.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "postgres"])).Succeeded();
        await server.StopServerAsync();
        (await server.AsServerAsync("pg_checksums", "-c", "-D", server.Data)).Succeeded();
    }
}
