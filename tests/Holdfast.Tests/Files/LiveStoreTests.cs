using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>Databases without a component of their own, whose files are selected.</summary>
public sealed class LiveStoreTests
{
    [Theory]
    [InlineData("MongoDB", "WiredTiger,WiredTiger.wt,collection-0.wt")]
    [InlineData("MySQL", "ibdata1,ib_logfile0")]
    [InlineData("MySQL", "aria_log_control")]
    [InlineData("RabbitMQ", "schema.DAT,LATEST.LOG")]
    [InlineData("Redis", "appendonlydir/appendonly.aof.1.base.rdb")]
    [InlineData("Redis", "dump.rdb")]
    [InlineData("etcd", "member/snap/db,member/wal/0.wal")]
    [InlineData("LMDB", "data.mdb,lock.mdb")]
    public async Task A_store_that_is_copied_online_makes_the_point_incomplete_and_is_named(string database, string names)
    {
        await using var rig = await FilesRig.MakeAsync();
        foreach (var name in names.Split(',')) rig.Disk.Write($"srv/store/{name}", "x");
        await rig.CaptureAsync(rig.Component("groups: { All: [DISK/srv] }"));
        var problem = Assert.Single(rig.Step.Warned);
        Assert.Equal(Catalogue.FilesDatabase.Code, problem.Code);
        Assert.Contains(database, problem.Message);
        Assert.False(rig.Record.Complete);
    }

    [Theory]
    [InlineData(BackupMode.Quiesced)]
    [InlineData(BackupMode.Cold)]
    public async Task A_store_that_nobody_has_open_is_captured_without_a_word_when_the_platform_stands_still(BackupMode mode)
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Manifest.Mode = mode;
        rig.Disk.Write("srv/mongo/WiredTiger", "x");
        rig.Disk.Write("srv/mongo/WiredTiger.wt", "x");
        DataFolders.Neo4j(rig.Disk, "srv/neo4j");
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/srv] }"));
        Assert.Empty(rig.Step.Warned);
        Assert.True(rig.Record.Complete);
        Assert.Contains(await rig.ListAsync(point), path => path.Contains("neostore", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_a_process_still_has_open_makes_the_point_incomplete()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Manifest.Mode = BackupMode.Quiesced;
        rig.Disk.Write("srv/mongo/WiredTiger", "x");
        var held = rig.Disk.Write("srv/mongo/WiredTiger.wt", "x");
        using var holder = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-c", "exec 3<\"$1\"; echo; read -r line", "sh", held]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        await rig.CaptureAsync(rig.Component("groups: { All: [DISK/srv] }"));
        holder.StandardInput.Close();
        Assert.Contains($"process {holder.Id} has it open", Assert.Single(rig.Step.Warned).Message);
        Assert.False(rig.Record.Complete);
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("-wal", false)]
    [InlineData("-journal", false)]
    public async Task A_SQLite_database_is_worth_a_warning_only_when_it_looks_in_use(string beside, bool isComplete)
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("app/shop.db", "SQLite format 3\0" + new string('x', 4096));
        rig.Disk.Write("app/notes.txt", "no database");
        rig.Disk.Write("app/notes.txt-journal", "x");
        if (beside.Length > 0) rig.Disk.Write($"app/shop.db{beside}", "x");
        await rig.CaptureAsync(rig.Component("groups: { All: [DISK/app] }"));
        Assert.Equal(isComplete, rig.Record.Complete);
        Assert.Equal(isComplete ? [] : [Catalogue.FilesDatabase.Code], rig.Step.Warned.Select(problem => problem.Code), StringComparer.Ordinal);
    }
}
