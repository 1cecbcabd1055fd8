using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>Base backups of a real server: what restic alone brings back of them must come up and be whole.</summary>
public sealed class BaseCaptureTests
{
    private const string Fill = "CREATE TABLE t AS SELECT n, repeat(md5(n::text), 10) AS pad FROM generate_series(1, 20000) n; CREATE INDEX ON t (n); CREATE UNLOGGED TABLE u AS SELECT 1 AS n;";

    [Fact]
    public async Task What_restic_alone_brings_back_comes_up_as_of_the_mark()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        // What is written while the files are copied, and after that until the mark, is in the WAL alone.
        var taken = await rig.CaptureAsync(between: () => rig.Server.ExecuteAsync("postgres", "INSERT INTO t SELECT n, 'between' FROM generate_series(1, 500) n;"));
        await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (0, 'too late');");
        Assert.Empty(taken.Said.Warnings);
        Assert.True(taken.Record.Counts["pagesVerified"] > 1000);

        var folder = await rig.RestoreByResticAsync(taken);
        await using var restored = await rig.StartByHandAsync(taken, folder);
        Assert.Equal("20500", await restored.QueryAsync("postgres", "SELECT count(*) FROM t"));
        Assert.Equal("0", await restored.QueryAsync("postgres", "SELECT count(*) FROM u"));
        await SoundAsync(restored);
    }

    [Fact]
    public async Task Files_that_have_not_changed_are_not_read_again()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
        await Eventually.PassAsync(TimeSpan.FromSeconds(1.1), "files that were written a second before the start are not trusted");
        var first = await rig.CaptureAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE small AS SELECT 1 AS n;");
        var second = await rig.CaptureAsync();
        Assert.Equal(0, first.Record.Counts["unread"]);
        Assert.InRange(second.Record.Counts["files"] - second.Record.Counts["unread"], 1, 40);
        Assert.True(second.Counters.BytesAdded < first.Counters.BytesAdded / 2, $"{second.Counters.BytesAdded} of {first.Counters.BytesAdded}");
        Assert.True(second.Record.Counts["pagesVerified"] < first.Record.Counts["pagesVerified"] / 2);
    }

    [Fact]
    public async Task A_damaged_page_is_named_and_the_backup_goes_on()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
        var file = await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')");
        await DamageAsync(Path.Join(rig.Server.Data, file), 8192 * 7 + 5000);
        await DamageAsync(Path.Join(rig.Server.Data, file), 8192 * 8 + 200);
        var taken = await rig.CaptureAsync();
        var warning = Assert.Single(taken.Said.Warnings);
        Assert.Equal("HF-PG-CHECKSUM", warning.Code);
        Assert.Contains($"{file} do not fit their checksums: 7-8.", warning.Message, StringComparison.Ordinal);
        Assert.Equal(2, taken.Record.Counts["pagesDamaged"]);
        Assert.Equal([7u, 8u], Assert.Single((await rig.ReadRecordAsync(taken)).Damaged).Blocks);
        // The next one does not read the file, but knows.
        await Eventually.PassAsync(TimeSpan.FromSeconds(1.1), "files that were written a second before the start are not trusted");
        await rig.CaptureAsync();
        var last = await rig.CaptureAsync();
        Assert.Equal("HF-PG-CHECKSUM", Assert.Single(last.Said.Warnings).Code);
        // The server's own judge sees the same.
        await rig.Server.StopServerAsync();
        var judged = await rig.Server.AsServerAsync("pg_checksums", "-c", "-D", rig.Server.Data);
        Assert.Contains("Bad checksums:  2", judged.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_ends_the_backup_and_the_next_one_is_good()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var died = await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(between: async () =>
        {
            await rig.Server.StopServerAsync("immediate");
            await rig.Server.StartServerAsync();
        }));
        Assert.Equal("HF-PG-UNREACHABLE", died.Problem.Code);
        Assert.Equal("0", await rig.Server.QueryAsync("postgres", "SELECT count(*) FROM pg_replication_slots"));
        Assert.Empty((await rig.CaptureAsync()).Said.Warnings);
    }

    [Fact]
    public async Task Without_a_slot_the_WAL_is_looked_for_all_the_same()
    {
        await using var rig = await BaseRig.StartAsync("max_replication_slots=0", "max_wal_size=1GB");
        await rig.Server.ExecuteAsync("postgres", Fill);
        Assert.Equal("HF-PG-SLOT", Assert.Single((await rig.CaptureAsync()).Said.Warnings).Code);
        var lost = await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(between: () => rig.Server.ExecuteAsync(
            "postgres", string.Concat(Enumerable.Repeat("INSERT INTO t VALUES (1, ''); SELECT pg_switch_wal(); CHECKPOINT;\n", 3)))));
        Assert.Equal("HF-PG-WAL-LOST", lost.Problem.Code);
    }

    /// <summary>As a link it would be one line in the recovery point, and nothing of what it leads to.</summary>
    [Fact]
    public async Task A_data_directory_and_a_tablespace_that_are_links_are_followed()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.StopServerAsync();
        (await Command.RunAsync("bash", ["-c", $"mv '{rig.Server.Data}' '{rig.Server.Folder}/elsewhere' && ln -s '{rig.Server.Folder}/elsewhere' '{rig.Server.Data}' && mkdir '{rig.Server.Folder}/room' && chown postgres: '{rig.Server.Folder}/room' && ln -s '{rig.Server.Folder}/room' '{rig.Server.Folder}/space'"])).Succeeded();
        await rig.Server.StartServerAsync();
        await rig.Server.ExecuteAsync("postgres", $"CREATE TABLESPACE s LOCATION '{rig.Server.Folder}/space';");
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t TABLESPACE s AS SELECT n FROM generate_series(1, 1000) n;");
        var taken = await rig.CaptureAsync();
        var restored = await rig.RestoreByResticAsync(taken);
        Assert.True(File.Exists($"{restored}/base/global/pg_control"));
        Assert.NotEmpty(Directory.GetFiles($"{restored}/tablespaces", "*", SearchOption.AllDirectories));
        Assert.True(taken.Record.Counts["pagesVerified"] > 500);
    }

    [Fact]
    public async Task A_link_in_the_place_of_the_servers_own_files_is_refused_and_others_are_kept_as_links()
    {
        await using var rig = await BaseRig.StartAsync();
        File.CreateSymbolicLink($"{rig.Server.Data}/log", "/var/log");
        Assert.Equal("/var/log", (await rig.Repository.FindNodeAsync((await rig.CaptureAsync()).Point, "/postgres/main/base/log", BaseRig.Cancellation))!.LinkTarget);
        var database = $"{rig.Server.Data}/base/{await rig.Server.QueryAsync("postgres", "SELECT oid FROM pg_database WHERE datname = 'postgres'")}";
        await rig.Server.StopServerAsync();
        Directory.Move(database, $"{rig.Server.Folder}/moved");
        File.CreateSymbolicLink(database, $"{rig.Server.Folder}/moved");
        await rig.Server.StartServerAsync();
        var refused = (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync())).Problem;
        Assert.Equal("HF-PG-FILES", refused.Code);
        Assert.Contains($"{database} is a link to {rig.Server.Folder}/moved", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_in_pg_wal_that_is_called_a_history_is_named()
    {
        await using var rig = await BaseRig.StartAsync();
        var link = $"{rig.Server.Data}/pg_wal/00000007.history";
        File.CreateSymbolicLink(link, "/etc/shadow");
        var refused = (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync())).Problem;
        Assert.Equal("HF-PG-FILES", refused.Code);
        Assert.Contains(link, refused.Message, StringComparison.Ordinal);
        Assert.Contains("remove it", refused.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_server_that_is_down_is_copied_cold()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        Assert.Equal("HF-PG-RUNNING", (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(PostgresMethod.Cold))).Problem.Code);
        Assert.Equal("HF-PG-RUNNING", (await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold))).Problem.Code);
        var unclean = await Assert.ThrowsAsync<ProblemException>(() => rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, () => rig.Server.StopServerAsync("immediate")));
        Assert.Equal("HF-PG-UNCLEAN", unclean.Problem.Code);

        await rig.Server.StartServerAsync();
        await File.WriteAllTextAsync(Path.Join(rig.Server.Data, ".dotted"), "seen", BaseRig.Cancellation);
        var taken = await rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, () => rig.Server.StopServerAsync());
        Assert.Empty(taken.Said.Warnings);
        var folder = await rig.RestoreByResticAsync(taken);
        Assert.Equal("seen", await File.ReadAllTextAsync(Path.Join(folder, "base/.dotted"), BaseRig.Cancellation));
        (await Command.RunAsync("diff", ["-r", rig.Server.Data, Path.Join(folder, "base")])).Succeeded();
    }

    [Theory(Timeout = 600_000)] // read byte by byte, two hours
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sparse_file_of_terabytes_is_left_out_and_named_and_one_of_the_servers_own_fails_the_backup(bool isCold)
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", Fill);
        var (junk, relation) = (Path.Join(rig.Server.Data, "junk"), Path.Join(rig.Server.Data, "base/1/99999"));
        Sparse(junk, 8L << 40);
        Sparse($"{relation}.1", 1 << 30); // it is no more than a file of a relation can be
        var taken = await TakeAsync();
        var warning = Assert.Single(taken.Said.Warnings, said => said.Code == Catalogue.FilesUnreadable.Code);
        Assert.Contains($"{junk} has more holes than are captured", warning.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Incomplete, warning.Exit);
        Assert.False(taken.Record.Complete);
        Assert.Null(await rig.Repository.FindNodeAsync(taken.Point, "/postgres/main/base/junk", TestContext.Current.CancellationToken));
        var whole = await rig.Repository.FindNodeAsync(taken.Point, "/postgres/main/base/base/1/99999.1", BaseRig.Cancellation);
        Assert.Equal((1UL << 30, 1), (whole!.Size, whole.Content!.Distinct().Count()));

        File.Delete(junk);
        Sparse(relation, 8L << 40);
        if (isCold) await rig.Server.StartServerAsync();
        var failed = (await Assert.ThrowsAsync<ProblemException>(TakeAsync)).Problem;
        Assert.Equal(Catalogue.PostgresFiles.Code, failed.Code);
        Assert.Contains($"{relation} has more holes than are captured", failed.Message, StringComparison.Ordinal);

        Task<TakenPoint> TakeAsync() => isCold ? rig.CaptureAsync(PostgresMethod.Cold, BackupMode.Cold, () => rig.Server.StopServerAsync()) : rig.CaptureAsync();
    }

    private static void Sparse(string path, long size)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, size);
    }

    private static async Task DamageAsync(string path, long at)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        file.WriteByte(0xA5);
    }

    private static async Task SoundAsync(PostgresServer server)
    {
        (await server.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "postgres"])).Succeeded();
        await server.StopServerAsync();
        (await server.AsServerAsync("pg_checksums", "-c", "-D", server.Data)).Succeeded();
    }
}
