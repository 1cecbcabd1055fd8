using Holdfast.Components.Postgres.ArchiveSetup;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>What the status of an archive says of recovery points, of timelines, and of files of other clusters.</summary>
public sealed class ArchiveStatusTests
{
    [Fact]
    public async Task An_archive_that_a_promoted_copy_writes_to_is_told_from_that_of_the_server()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t (n int);");
        var before = await rig.Server.QueryAsync("postgres", "SELECT now()");
        var taken = await rig.CaptureAsync(between: () => rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (1);"));
        // Nothing but the recovery point has WAL: it counts.
        var status = await StatusAsync(rig);
        Assert.True(status.NewestTime > DateTimeOffset.Parse(before, System.Globalization.CultureInfo.InvariantCulture));
        Assert.DoesNotContain(status.Problems, problem => problem.Code == Catalogue.WalTimeline.Code);

        await rig.Server.StopServerAsync();
        var main = rig.Server.Data + ".main";
        (await Command.RunAsync("cp", ["-a", rig.Server.Data, main])).Succeeded();
        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true }); // the copy, on timeline 2
        Assert.Contains("writes timeline 2, of which the archive has nothing: it ends with timeline 1", await ApartAsync(rig), StringComparison.Ordinal);
        await rig.Server.ExecuteAsync("postgres", "INSERT INTO t VALUES (2); SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        Assert.Null(await ApartAsync(rig));

        await rig.Server.StopServerAsync();
        Directory.Delete(rig.Server.Data, recursive: true);
        Directory.Move(main, rig.Server.Data);
        await rig.Server.StartServerAsync();
        Assert.Contains("goes on to timeline 2 (0000000200000000", await ApartAsync(rig), StringComparison.Ordinal);
        Assert.Contains("the server writes timeline 1", await ApartAsync(rig), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_history_of_another_cluster_is_refused()
    {
        await using var rig = await BaseRig.StartAsync();
        await rig.CaptureAsync();
        await using var other = await PostgresServer.StartAsync(new PostgresServerOptions { OwnIdentity = true });
        using var catalogue = await WalCatalogue.ReadAsync(rig.Repository, "test", "main", BaseRig.Cancellation);
        var archive = new WalArchive(rig.Repository, catalogue);
        Assert.Equal(Catalogue.WalForeign.Code, (await StoreAsync(other))?.Code);
        Assert.Null(await StoreAsync(rig.Server));

        // One that a server writes when it is promoted.
        async Task<Problem?> StoreAsync(PostgresServer server)
        {
            var path = Path.Join(server.Data, "pg_wal/00000002.history");
            await File.WriteAllTextAsync(path, "1\t0/3000000\tno recovery target specified\n", BaseRig.Cancellation);
            return (await archive.StoreAsync([WalSource.Of(WalFile.Find(Path.GetFileName(path))!, path)], BaseRig.Cancellation)).Values.SingleOrDefault();
        }
    }

    private static async Task<string?> ApartAsync(BaseRig rig) => (await StatusAsync(rig)).Problems.SingleOrDefault(problem => problem.Code == Catalogue.WalTimeline.Code)?.Message;

    private static Task<WalStatus> StatusAsync(BaseRig rig) =>
        new PostgresArchive("test", new PostgresConnector(new PostgresSettings { Host = rig.Server.Folder, Port = rig.Server.Port }, new FixedSecret(""), rig.Host)).ReadStatusAsync(rig.Repository, BaseRig.Cancellation);
}
