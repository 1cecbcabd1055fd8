using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

public sealed class PostgresSpaceTests
{
    [Fact]
    public async Task A_disk_that_fills_during_a_restore_is_told_and_the_old_database_stays()
    {
        using var mounts = await MountSpace.MakeAsync();
        await using var rig = await Rig.MakeAsync();
        using var folder = new TempFolder();
        var small = folder.Folder("small");
        (await Command.RunAsync("chmod", ["755", folder.Path])).Succeeded();
        await mounts.MountSmallAsync(small, "60m");
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Prefix = mounts.Prefix });
        (await Command.RunAsync(mounts.Prefix[0], [.. mounts.Prefix.Skip(1), "chown", "postgres", small])).Succeeded();
        await server.ExecuteAsync("postgres", $"CREATE TABLESPACE small LOCATION '{small}';");
        await server.ExecuteAsync("postgres", "CREATE DATABASE app TABLESPACE small;");
        await server.ExecuteAsync("app", "CREATE TABLE t AS SELECT g, repeat('x', 1000) AS v FROM generate_series(1, 25000) g;");
        var taken = await new Cluster(server, rig, new PostgresSettings { Databases = ["app"] }).CaptureAsync();

        var cluster = new Cluster(server, rig);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(taken, databases: "app"))).Problem;
        Assert.Equal("HF-PG-FULL", problem.Code);
        Assert.Equal("app,postgres", await cluster.DatabasesAsync());

        await mounts.EnlargeAsync(small, "200m");
        await cluster.RestoreAsync(taken, databases: "app");
        Assert.Equal("25000", await server.QueryAsync("app", "SELECT count(*) FROM t"));
    }
}
