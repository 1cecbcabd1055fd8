using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>Servers that send their files and their WAL, because nobody can get at them otherwise.</summary>
public sealed class StreamCaptureTests
{
    private const string Fill = "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 10) AS pad FROM generate_series(1, 20000) n; CREATE INDEX ON t (n); CREATE UNLOGGED TABLE u AS SELECT 1 AS n;";

    [Fact]
    public async Task What_a_server_sends_comes_back_with_its_tablespaces_as_of_the_mark()
    {
        await using var rig = await BaseRig.StartAsync();
        rig.Receives = true;
        var fast = Path.Join(rig.Server.Folder, "fast");
        Directory.CreateDirectory(fast);
        (await Command.RunAsync("chown", ["postgres", fast])).Succeeded();
        await rig.Server.ExecuteAsync("postgres", $"CREATE TABLESPACE fast LOCATION '{fast}';");
        await rig.Server.ExecuteAsync("postgres", Fill + "CREATE TABLE quick TABLESPACE fast AS SELECT n FROM generate_series(1, 5000) n;");
        var first = await rig.CaptureAsync();
        var taken = await rig.CaptureAsync(between: () => rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (20001, 'between');"));
        await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (0, 'too late');");
        Assert.Empty(taken.Said.Warnings);
        Assert.Equal("0", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM pg_replication_slots"));
        // All of it was sent again, and hardly anything of it stored; a segment of WAL is whole, whatever is in it.
        Assert.True(taken.Record.Counts["bytes"] > 20 << 20);
        Assert.True(taken.Counters.BytesAdded < first.Counters.BytesAdded / 2, $"{taken.Counters.BytesAdded} of {first.Counters.BytesAdded}");

        await rig.Server.StopServerAsync("immediate");
        await rig.RestoreAsync(taken);
        Assert.Equal("20001|20001|5000|0", await rig.Server.QueryAsync("postgres", "SELECT count(*), max(n), (SELECT count(*) FROM quick), (SELECT count(*) FROM u) FROM t"));
        (await rig.Server.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "postgres"])).Succeeded();
        await rig.Server.StopServerAsync();
        (await rig.Server.AsServerAsync("pg_checksums", "-c", "-D", rig.Server.Data)).Succeeded();
        Assert.Equal("postgres 700", (await Command.RunAsync("stat", ["-c", "%U %a", rig.Server.Data])).Succeeded().Output.Trim());
        // The files are known to be sent whole by the server's own judge, too.
        var folder = await rig.RestoreByResticAsync(taken);
        var record = await rig.ReadRecordAsync(taken);
        await File.WriteAllTextAsync($"{folder}/base/backup_label", record.BackupLabel, BaseRig.Cancellation);
        await File.WriteAllTextAsync($"{folder}/base/tablespace_map", record.TablespaceMap, BaseRig.Cancellation);
        var tablespace = Assert.Single(record.Tablespaces);
        File.CreateSymbolicLink($"{folder}/base/pg_tblspc/{tablespace.Oid}", $"{folder}/tablespaces/{tablespace.Oid}");
        (await Command.RunAsync(rig.Server.Program("pg_verifybackup"), ["-n", "-m", $"{folder}/backup_manifest", $"{folder}/base"])).Succeeded();
    }

    [Fact]
    public async Task Pages_that_the_server_finds_damaged_are_named_and_the_backup_goes_on()
    {
        await using var rig = await BaseRig.StartAsync();
        rig.Receives = true;
        await rig.Server.ExecuteAsync("postgres", Fill + "CHECKPOINT;");
        var file = await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')");
        await using (var bytes = new FileStream(Path.Join(rig.Server.Data, file), FileMode.Open, FileAccess.ReadWrite))
        {
            bytes.Position = (8192 * 7) + 5000;
            bytes.WriteByte(0xA5);
        }
        var taken = await rig.CaptureAsync();
        var warning = Assert.Single(taken.Said.Warnings);
        Assert.Equal("HF-PG-CHECKSUM", warning.Code);
        Assert.Contains($"{file} of main do not fit their checksums: 7.", warning.Message, StringComparison.Ordinal);
        Assert.Equal([7u], Assert.Single((await rig.ReadRecordAsync(taken)).Damaged).Blocks);
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal("f", await rig.Server.QueryAsync("postgres", "SELECT pg_is_in_recovery()"));
    }

    [Fact]
    public async Task A_standby_is_captured_as_far_as_it_has_replayed()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var data = Path.Join(rig.Server.Folder, "standby");
        (await rig.Server.AsServerAsync("pg_basebackup", "-D", data, "-h", rig.Server.Folder, "-p", $"{rig.Server.Port}", "-U", "postgres", "-R", "-c", "fast")).Succeeded();
        await using var standby = await PostgresServer.StartAsync(new PostgresServerOptions { Data = data });
        await standby.ExecuteAsync("postgres", $"ALTER SYSTEM SET port = {standby.Port}; ALTER SYSTEM SET unix_socket_directories = '{standby.Folder}';");
        rig.Captured = standby;
        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(mode: BackupMode.Quiesced));
        Assert.Contains("standby", refused.Problem.Message, StringComparison.Ordinal);
        var taken = await rig.CaptureAsync(between: () => WriteAsync(20001));
        await WriteAsync(20002);
        Assert.Empty(taken.Said.Warnings);
        await standby.StopServerAsync();
        await rig.RestoreAsync(taken);
        Assert.Equal("20001|f", await standby.QueryAsync("postgres", "SELECT max(n), pg_is_in_recovery() FROM t"));
        (await standby.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "postgres"])).Succeeded();
        Assert.Equal("20002", await rig.Server.QueryAsync("postgres", "SELECT max(n) FROM t"));

        async Task WriteAsync(int n)
        {
            await rig.Server.ExecuteAsync("postgres", $"INSERT INTO t VALUES ({n}, 'later');");
            await Eventually.HoldsAsync($"{n} is on the standby", async () => await standby.QueryAsync("postgres", "SELECT max(n) FROM t") == $"{n}");
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_while_it_sends_is_told_and_the_next_one_is_good()
    {
        await using var rig = await BaseRig.StartAsync();
        rig.Receives = true;
        await rig.Server.ExecuteAsync("postgres", Fill);
        var died = await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(between: async () =>
        {
            await rig.Server.StopServerAsync("immediate");
            await rig.Server.StartServerAsync();
        }));
        Assert.Equal("HF-PG-UNREACHABLE", died.Problem.Code);
        Assert.Empty((await rig.CaptureAsync()).Said.Warnings);
        await rig.Server.ExecuteAsync("postgres", "ALTER ROLE postgres NOREPLICATION NOSUPERUSER;");
        Assert.Equal("HF-PG-PERMISSION", (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync())).Problem.Code);
    }
}
