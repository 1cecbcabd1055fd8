using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Restore;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>One database of several: restored by its name alone, and left out of backups when a restore has moved it aside.</summary>
public sealed class PostgresPartTests : IAsyncLifetime
{
    private PostgresServer _server = null!;
    private Rig _rig = null!;

    private Cluster Cluster => new(_server, _rig);

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        _rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE shop; CREATE DATABASE wiki;");
        foreach (var database in new[] { "shop", "wiki" })
            await _server.ExecuteAsync(database, "CREATE TABLE t (v int); INSERT INTO t VALUES (1);");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_rig is not null) await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Only_the_database_that_is_named_comes_back()
    {
        var taken = await Cluster.CaptureAsync();
        foreach (var database in new[] { "shop", "wiki" }) await _server.ExecuteAsync(database, "INSERT INTO t VALUES (2);");
        var before = await _server.QueryAsync("postgres", "SELECT oid FROM pg_database WHERE datname = 'wiki'");

        var plan = await _rig.PlanRestoreAsync(Cluster.Component(), taken.Point, Asking("postgres:shop"));
        Assert.Equal(["Restore roles and tablespaces of main", "Restore database shop"], plan.Select(step => step.Name.Split(" (")[0]));
        var aside = MadeUpName.Aside("shop", _rig.RunId);
        await _rig.RestoreAsync(Cluster.Component(), taken.Point, Asking("postgres:shop"));

        Assert.Equal(("1", "2"), (await CountAsync("shop"), await CountAsync("wiki")));
        Assert.Equal($"postgres,shop,{aside},wiki", await Cluster.DatabasesAsync());
        Assert.Equal(before, await _server.QueryAsync("postgres", "SELECT oid FROM pg_database WHERE datname = 'wiki'"));
    }

    [Fact]
    public async Task An_instant_is_refused_of_a_dump()
    {
        var taken = await Cluster.CaptureAsync();
        var wishes = new RecoveryRequest { Limit = RecoveryLimit.Name, To = "nope" };
        var refused = await Assert.ThrowsAsync<ProblemException>(() => _rig.PlanRestoreAsync(Cluster.Component(), taken.Point, request => request with { Recovery = wishes }));
        Assert.Equal(Catalogue.PostgresTarget.Code, refused.Problem.Code);
    }

    [Fact]
    public async Task A_name_that_is_no_database_is_refused_with_those_that_are()
    {
        var taken = await Cluster.CaptureAsync();
        var refused = await Assert.ThrowsAsync<ProblemException>(() => _rig.RestoreAsync(Cluster.Component(), taken.Point, Asking("postgres/main:shopp")));
        Assert.Equal(Catalogue.ComponentUnknown.Code, refused.Problem.Code);
        Assert.Equal("The recovery point has no 'shopp' in postgres/main, only postgres, shop, wiki. Did you mean 'shop'?", refused.Problem.Message);
        Assert.Equal("postgres,shop,wiki", await Cluster.DatabasesAsync());
    }

    [Fact]
    public async Task Below_a_directory_only_its_dump_is_written_with_the_roles()
    {
        var taken = await Cluster.CaptureAsync();
        var target = Directory.CreateDirectory(_rig["look"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        await _rig.RestoreAsync(Cluster.Component(), taken.Point, request => Asking("postgres:shop")(request) with { Target = target });
        var dump = Path.Join(target, "postgres/main/dump");
        Assert.Equal(["globals.sql", "shop"], Directory.GetFileSystemEntries(dump).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(Path.Join(dump, "shop/restore.sql")));
    }

    [Fact]
    public async Task What_a_restore_has_moved_aside_is_not_captured_unless_the_profile_names_it()
    {
        var taken = await Cluster.CaptureAsync();
        var aside = MadeUpName.Aside("shop", _rig.RunId);
        await _rig.RestoreAsync(Cluster.Component(), taken.Point, Asking("postgres:shop"));
        await _server.ExecuteAsync("postgres", "CREATE DATABASE shop_before_christmas;");

        var next = await Cluster.CaptureAsync();
        Assert.Equal("postgres, shop, shop_before_christmas, wiki", Names(next));
        Assert.Equal(($"database \"{aside}\"", true), (Assert.Single(next.Record.Omissions!).What, next.Record.Complete));
        Assert.Contains(next.Said.Notes, note => note.Contains($"not in the recovery point: {aside}.", StringComparison.Ordinal));

        var named = new Cluster(_server, _rig, new PostgresSettings { Databases = ["wiki", aside] });
        Assert.Equal($"{aside}, wiki", Names(await named.CaptureAsync()));
    }

    private static string Names(TakenPoint taken) =>
        string.Join(", ", taken.Record.Details!["databases"]!.AsArray().Select(database => (string?)database!["name"]));

    private static Func<RestoreRequest, RestoreRequest> Asking(string only) => request => request with { Only = [only] };

    private Task<string> CountAsync(string database) => _server.QueryAsync(database, "SELECT count(*) FROM t");
}
