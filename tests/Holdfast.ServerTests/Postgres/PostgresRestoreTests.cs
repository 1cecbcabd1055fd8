using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Npgsql;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>Restores into a cluster that has the database, and restores that die.</summary>
public sealed class PostgresRestoreTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private PostgresServer _server = null!;
    private FolderDump _dump = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        _dump = new FolderDump(_folder.Path);
        await _server.ExecuteAsync("postgres", "CREATE DATABASE app; CREATE TABLE kept (a int); INSERT INTO kept VALUES (1);");
        await _server.ExecuteAsync("app", "CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) SELECT 'v' || g FROM generate_series(1, 1000) g;");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _folder.Dispose();
    }

    private Cluster Cluster() => new(_server, _dump);

    [Fact]
    public async Task A_database_that_is_there_is_kept_under_another_name_even_while_it_is_used()
    {
        var manifest = await Cluster().CaptureAsync();
        await _server.ExecuteAsync("app", "INSERT INTO t (v) VALUES ('later');");
        await using var session = await OpenAsync("app");
        var cluster = Cluster();
        await cluster.RestoreAsync(manifest, databases: "app");

        Assert.Equal("app,app_before_20261122_210400_abcd,postgres", await cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
        Assert.Equal("1001", await _server.QueryAsync("app_before_20261122_210400_abcd", "SELECT count(*) FROM t"));
        Assert.Equal("1001", await _server.QueryAsync("app", "INSERT INTO t (v) VALUES ('next') RETURNING id"));
        Assert.Empty(cluster.Context.Owed);
    }

    [Fact]
    public async Task Overwriting_drops_the_old_database_after_the_new_one_is_whole()
    {
        var manifest = await Cluster().CaptureAsync();
        var cluster = Cluster();
        await cluster.RestoreAsync(manifest, overwrite: true, "app");
        Assert.Equal("app,postgres", await cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task The_database_postgres_itself_is_restored()
    {
        var manifest = await Cluster().CaptureAsync();
        await _server.ExecuteAsync("postgres", "DROP TABLE kept;");
        await Cluster().RestoreAsync(manifest, databases: "postgres");
        Assert.Equal("1", await _server.QueryAsync("postgres", "SELECT a FROM kept"));
        Assert.Equal("app,postgres,postgres_before_20261122_210400_abcd", await Cluster().DatabasesAsync());
    }

    [Fact]
    public async Task A_restore_that_fails_leaves_the_old_database_and_the_undo_drops_only_the_new_one()
    {
        var manifest = await Cluster().CaptureAsync();
        await File.AppendAllTextAsync(_dump["/postgres/main/dump/app/data/public.t.copy"], "not\ta\trow\n", TestContext.Current.CancellationToken);
        var cluster = Cluster();
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(manifest, databases: "app"))).Problem;

        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("\"public\".\"t\"", problem.Message, StringComparison.Ordinal);
        Assert.Equal("app,app__holdfast_20261122_210400_abcd,postgres", await cluster.DatabasesAsync());
        await cluster.UndoAsync();
        await cluster.UndoAsync();
        Assert.Equal("app,postgres", await cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_row_that_is_missing_from_the_dump_fails_the_restore()
    {
        var manifest = await Cluster().CaptureAsync();
        var file = _dump["/postgres/main/dump/app/data/public.t.copy"];
        await File.WriteAllLinesAsync(file, (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)).Skip(1), TestContext.Current.CancellationToken);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Cluster().RestoreAsync(manifest, databases: "app"))).Problem;
        Assert.Contains("has 999 rows, the recovery point has 1000", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_in_the_schema_is_told_with_its_line_and_state()
    {
        var manifest = await Cluster().CaptureAsync();
        await File.AppendAllTextAsync(_dump["/postgres/main/dump/app/pre-data.sql"], "\nCREATE TABLE public.x (a nosuchtype);\n", TestContext.Current.CancellationToken);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Cluster().RestoreAsync(manifest, databases: "app"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("[42704]", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_killed_just_before_the_exchange_lets_sessions_in_again()
    {
        var manifest = await Cluster().CaptureAsync();
        var cluster = Cluster();
        cluster.Context.OnOwe = async undo =>
        {
            if (!undo.Kind.EndsWith("allow-connections", StringComparison.Ordinal)) return;
            await _server.QueryAsync("postgres", "ALTER DATABASE app ALLOW_CONNECTIONS false");
            throw new OperationCanceledException("killed");
        };
        await Assert.ThrowsAsync<OperationCanceledException>(() => cluster.RestoreAsync(manifest, databases: "app"));
        await cluster.UndoAsync();
        Assert.Equal("app,postgres", await cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_server_that_crashes_during_the_restore_is_told_and_the_undo_works_when_it_is_back()
    {
        await _server.ExecuteAsync("app", "INSERT INTO t (v) SELECT repeat('x', 1000) FROM generate_series(1, 100000);");
        var manifest = await Cluster().CaptureAsync();
        var cluster = Cluster();
        Task? crashing = null;
        cluster.Context.OnOwe = _ =>
        {
            crashing ??= CrashAsync();
            return Task.CompletedTask;
        };
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => cluster.RestoreAsync(manifest, databases: "app"))).Problem;
        Assert.Contains(problem.Code, new[] { "HF-PG-UNREACHABLE", "HF-PG-RESTORE" });
        await crashing!;
        await _server.StartServerAsync();
        await cluster.UndoAsync();
        Assert.Equal("app,postgres", await cluster.DatabasesAsync());
        Assert.Equal("101000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));

        async Task CrashAsync()
        {
            await Eventually.HoldsAsync("rows are loaded", async () => await _server.QueryAsync("postgres", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY %' AND state = 'active'") != "0");
            await _server.StopServerAsync("immediate");
        }
    }

    [Fact]
    public async Task An_undo_never_drops_a_database_that_no_restore_made()
    {
        var undos = Cluster().Component().UndoHandlers;
        var drop = undos.Single(handler => handler.Kind.EndsWith("drop-incomplete", StringComparison.Ordinal));
        var forged = new Engine.Planning.Undo(drop.Kind, "", new Dictionary<string, string>(StringComparer.Ordinal) { ["database"] = "app" });
        await Assert.ThrowsAnyAsync<Exception>(() => drop.UndoAsync(forged, TestContext.Current.CancellationToken));
        Assert.Equal("app,postgres", await Cluster().DatabasesAsync());
    }

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        await using var source = new NpgsqlSlimDataSourceBuilder($"Host={_server.Folder};Port={_server.Port};Username=postgres;Database={database};Pooling=false").Build();
        return await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
    }
}
