using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres.Base;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Restores of files of clusters that others have set up, and of clusters whose system user wants to become root by it.</summary>
public sealed class PhysicalRestoreTests
{
    private const string Waiting = "SELECT pg_is_in_recovery() AND pg_is_wal_replay_paused()";

    [Fact]
    public async Task Recovery_settings_of_the_cluster_do_not_act_its_tablespaces_have_any_path_and_a_pause_at_the_end_of_all_WAL_is_one()
    {
        var ran = Path.Join(Path.GetTempPath(), $"holdfast-ran-{Guid.NewGuid():N}");
        await using var rig = await BaseRig.StartAsync(
            "wal_level=logical", "recovery_min_apply_delay='1h'", $"recovery_end_command='touch {ran}'", $"archive_cleanup_command='touch {ran}'", "hot_standby=off");
        string[] folders = [Path.Join(rig.Server.Folder, "back\\slash"), Path.Join(rig.Server.Folder, "line\nbreak"), Path.Join(rig.Server.Folder, "some space")];
        foreach (var (number, folder) in folders.Index())
        {
            Directory.CreateDirectory(folder);
            (await Command.RunAsync("chown", ["postgres", folder])).Succeeded();
            await rig.Server.ExecuteAsync("postgres", $"CREATE TABLESPACE ts{number} LOCATION E'{folder.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}';");
            await rig.Server.ExecuteAsync("postgres", $"CREATE TABLE t{number} TABLESPACE ts{number} AS SELECT generate_series(1, 100) AS n;");
        }
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_create_logical_replication_slot('debezium', 'pgoutput');");
        var taken = await rig.CaptureAsync();
        var slots = Assert.Single(taken.Said.Warnings, warning => warning.Code == "HF-PG-LOGICAL-SLOT");
        Assert.Contains("debezium (pgoutput, database postgres)", slots.Message, StringComparison.Ordinal);
        Assert.Equal(slots.Message, Assert.Single((await rig.CaptureAsync(PostgresMethod.Dump)).Said.Warnings, warning => warning.Code == "HF-PG-LOGICAL-SLOT").Message);
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_drop_replication_slot('debezium'); INSERT INTO t0 VALUES (0); SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();

        var context = await rig.RestoreAsync(taken, new RecoveryRequest { Limit = RecoveryLimit.Latest, Pause = true });
        Assert.Equal("t", await rig.Server.QueryAsync("postgres", Waiting));
        Assert.Equal("101|100|100", await rig.Server.QueryAsync("postgres", "SELECT (SELECT count(*) FROM t0), (SELECT count(*) FROM t1), (SELECT count(*) FROM t2)"));
        Assert.Contains(context.Notes, note => note.Contains("recovery_min_apply_delay = '1h' (postgresql.conf)", StringComparison.Ordinal) || note.Contains("recovery_min_apply_delay='1h' (postgresql.conf)", StringComparison.Ordinal));
        await rig.Server.QueryAsync("postgres", "SELECT pg_wal_replay_resume()");
        await Eventually.HoldsAsync("the server is promoted", async () => await rig.Server.QueryAsync("postgres", "SELECT pg_is_in_recovery()") == "f");
        Assert.False(File.Exists(ran));
        Assert.DoesNotContain(await File.ReadAllLinesAsync($"{rig.Server.Data}/postgresql.auto.conf", BaseRig.Cancellation), line => line.StartsWith("re", StringComparison.Ordinal) || line.StartsWith("hot_standby", StringComparison.Ordinal));
        await rig.Server.ExecuteAsync("postgres", "INSERT INTO t1 VALUES (0);");
    }

    [Fact]
    public async Task Links_of_the_server_s_user_lead_root_nowhere_and_what_cannot_be_restored_is_refused_beforehand()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT generate_series(1, 60000) AS n; CHECKPOINT;");
        var relation = await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')");
        var taken = await rig.CaptureAsync();
        Assert.True(taken.Record.Counts["bytes"] > 1 << 20);
        var cold = await rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, () => rig.Server.StopServerAsync());
        Assert.Equal("HF-PG-TARGET", (await rig.RefusedAsync(cold, new RecoveryRequest { Pause = true })).Code);

        using var roots = new TempFolder();
        var (victim, folder) = (roots.Write("victim", "root's own"), roots.Folder("folder"));
        File.WriteAllText($"{folder}/kept", "");
        string[] links = ["postgresql.auto.conf", "postgresql.auto.conf.holdfast", "recovery.signal", "restore.log", "tablespace_map", "backup_label", relation];
        foreach (var link in links) await LinkAsync(rig, link, victim);
        await LinkAsync(rig, "pg_wal", folder);
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal("60000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
        Assert.Equal("root's own", File.ReadAllText(victim));
        Assert.Equal(0u, FileFacts.Of(victim).User);
        Assert.Equal([$"{folder}/kept"], Directory.GetFileSystemEntries(folder));

        await LinkAsync(rig, "postgresql.auto.conf", victim);
        var refused = (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync())).Problem;
        Assert.Contains($"{rig.Server.Data}/postgresql.auto.conf is a link to {victim}", refused.Message, StringComparison.Ordinal);
        await AsServerUserAsync("rm", $"{rig.Server.Data}/postgresql.auto.conf");
        var inner = Path.Join(rig.Server.Data, "inner");
        (await AsServerUserAsync("mkdir", inner)).Succeeded();
        await rig.Server.ExecuteAsync("postgres", $"CREATE TABLESPACE inner_one LOCATION '{inner}';");
        Assert.Contains("in the data directory", (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync())).Problem.Message, StringComparison.Ordinal);
    }

    /// <summary>A file of root's that the server's user moves into the data directory, before or while a restore replaces what is there.</summary>
    [Fact]
    public async Task What_root_has_written_and_the_server_s_user_moves_into_its_folder_stays_root_s()
    {
        await using var rig = await BaseRig.StartAsync();
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        (await Command.RunAsync("chown", ["--reference", rig.Server.Data, rig.Server.Folder])).Succeeded();
        using var alike = await MoveInAsync(rig, "PG_VERSION", await File.ReadAllTextAsync($"{rig.Server.Data}/PG_VERSION", BaseRig.Cancellation));
        Microsoft.Win32.SafeHandles.SafeFileHandle? late = null;
        var acted = new RunHooks { Acted = async step => late ??= step.Name.StartsWith("Restore the files", StringComparison.Ordinal) ? await MoveInAsync(rig, "late", "root's own") : null };
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true }, hooks: acted);

        Assert.NotNull(late);
        using (late) Assert.Equal((0u, 1u), (FileFacts.Of(late).User, FileFacts.Of(late).Links));
        Assert.Equal((0u, 0u), (FileFacts.Of(alike).User, FileFacts.Of(alike).Links)); // another one is in its place
        Assert.Equal($"{rig.Server.Data}/late", (await Command.RunAsync("find", [rig.Server.Data, "!", "-user", "postgres"])).Succeeded().Output.Trim());
        Assert.Equal("1", await rig.Server.QueryAsync("postgres", "SELECT 1"));
    }

    /// <summary>An empty file system of root's on which a cluster is restored is the server's in the end, with all that was written to it.</summary>
    [Fact]
    public async Task A_data_directory_that_is_root_s_becomes_the_server_s()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n;");
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();
        Directory.Delete(rig.Server.Data, recursive: true);
        Directory.CreateDirectory(rig.Server.Data);
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal("1000", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM t"));
        Assert.Equal("", (await Command.RunAsync("find", [rig.Server.Data, "!", "-user", "postgres"])).Succeeded().Output);
    }

    /// <summary>Returns the file, opened where root had written it.</summary>
    private static async Task<Microsoft.Win32.SafeHandles.SafeFileHandle> MoveInAsync(BaseRig rig, string name, string content)
    {
        var written = Path.Join(rig.Server.Folder, $"{name}.of-root");
        await File.WriteAllTextAsync(written, content, BaseRig.Cancellation);
        File.SetUnixFileMode(written, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        (await AsServerUserAsync("mv", "-f", written, $"{rig.Server.Data}/{name}")).Succeeded();
        return File.OpenHandle($"{rig.Server.Data}/{name}");
    }

    private static Task<CommandResult> AsServerUserAsync(string program, params string[] arguments) => Command.RunAsync("runuser", ["-u", "postgres", "--", program, .. arguments]);

    private static async Task LinkAsync(BaseRig rig, string name, string target)
    {
        await AsServerUserAsync("rm", "-rf", $"{rig.Server.Data}/{name}");
        (await AsServerUserAsync("ln", "-s", target, $"{rig.Server.Data}/{name}")).Succeeded();
    }
}
