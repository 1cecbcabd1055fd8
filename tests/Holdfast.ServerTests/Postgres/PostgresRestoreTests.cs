using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Npgsql;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>Restores into a cluster that has the database, and restores that die.</summary>
public sealed class PostgresRestoreTests : IAsyncLifetime
{
    private const string Rows = "app/data/public.t.copy";

    private PostgresServer _server = null!;
    private Rig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        _rig = await Rig.MakeAsync();
        await _server.ExecuteAsync("postgres", "CREATE DATABASE app; CREATE TABLE kept (a int); INSERT INTO kept VALUES (1);");
        await _server.ExecuteAsync("app", "CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) SELECT 'v' || g FROM generate_series(1, 1000) g;");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_rig is not null) await _rig.DisposeAsync();
    }

    private Cluster Cluster => new(_server, _rig);

    [Fact]
    public async Task A_database_that_is_there_is_kept_under_another_name_even_while_it_is_used()
    {
        var taken = await Cluster.CaptureAsync();
        await _server.ExecuteAsync("app", "INSERT INTO t (v) VALUES ('later');");
        await using var session = await OpenAsync("app");
        var aside = MadeUpName.Aside("app", _rig.RunId);
        await Cluster.RestoreAsync(taken, databases: "app");

        Assert.Equal($"app,{aside},postgres", await Cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
        Assert.Equal("1001", await _server.QueryAsync(aside, "SELECT count(*) FROM t"));
        Assert.Equal("1001", await _server.QueryAsync("app", "INSERT INTO t (v) VALUES ('next') RETURNING id"));
    }

    [Fact]
    public async Task Overwriting_drops_the_old_database_after_the_new_one_is_whole()
    {
        var taken = await Cluster.CaptureAsync();
        await Cluster.RestoreAsync(taken, overwrite: true, databases: "app");
        Assert.Equal("app,postgres", await Cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task The_database_postgres_itself_is_restored()
    {
        var taken = await Cluster.CaptureAsync();
        await _server.ExecuteAsync("postgres", "DROP TABLE kept;");
        var aside = MadeUpName.Aside("postgres", _rig.RunId);
        await Cluster.RestoreAsync(taken, databases: "postgres");
        Assert.Equal("1", await _server.QueryAsync("postgres", "SELECT a FROM kept"));
        Assert.Equal($"app,postgres,{aside}", await Cluster.DatabasesAsync());
    }

    [Fact]
    public async Task A_restore_that_fails_leaves_the_old_database_and_the_undo_drops_only_the_new_one()
    {
        var taken = await Cluster.CaptureAsync();
        var damaged = await Cluster.ReplaceAsync(taken, Rows, rows => $"{rows}not\ta\trow\n");
        _rig.MayOwe = true;
        var hooks = new RunHooks { Dies = true };
        var incomplete = MadeUpName.Incomplete("app", _rig.RunId);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Cluster.RestoreAsync(damaged, hooks: hooks, databases: "app"))).Problem;

        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("\"public\".\"t\"", problem.Message, StringComparison.Ordinal);
        var undo = Assert.Single(_rig.Said.Owed);
        Assert.Equal($"app,{incomplete},postgres", await Cluster.DatabasesAsync());
        Assert.Equal((1, 0), await RecoverAsync());
        await Cluster.Component().UndoHandlers.Single(handler => handler.Kind == undo.Kind).UndoAsync(undo, Rig.Cancellation);
        Assert.Equal("app,postgres", await Cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_row_that_is_missing_from_the_dump_fails_the_restore()
    {
        var taken = await Cluster.CaptureAsync();
        var damaged = await Cluster.ReplaceAsync(taken, Rows, rows => rows[(rows.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Cluster.RestoreAsync(damaged, databases: "app"))).Problem;
        Assert.Contains("has 999 rows, the recovery point has 1000", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_in_the_schema_is_told_with_its_line_and_state()
    {
        var taken = await Cluster.CaptureAsync();
        var damaged = await Cluster.ReplaceAsync(taken, "app/pre-data.sql", script => $"{script}\nCREATE TABLE public.x (a nosuchtype);\n");
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Cluster.RestoreAsync(damaged, databases: "app"))).Problem;
        Assert.Equal("HF-PG-RESTORE", problem.Code);
        Assert.Contains("[42704]", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_killed_just_before_the_exchange_lets_sessions_in_again()
    {
        var taken = await Cluster.CaptureAsync();
        async Task KillAsync(Undo undo)
        {
            if (!undo.Kind.EndsWith("allow-connections", StringComparison.Ordinal)) return;
            await _server.QueryAsync("postgres", "ALTER DATABASE app ALLOW_CONNECTIONS false");
            throw new InvalidOperationException("Killed.");
        }
        _rig.MayOwe = true;
        var hooks = new RunHooks { Owed = KillAsync, Dies = true };
        await Assert.ThrowsAsync<ProblemException>(() => Cluster.RestoreAsync(taken, hooks: hooks, databases: "app"));
        Assert.Equal(2, _rig.Said.Owed.Count);
        Assert.Equal((2, 0), await RecoverAsync());
        Assert.Equal("app,postgres", await Cluster.DatabasesAsync());
        Assert.Equal("1000", await _server.QueryAsync("app", "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_server_that_crashes_during_the_restore_is_told_and_the_undo_works_when_it_is_back()
    {
        await _server.ExecuteAsync("app", "INSERT INTO t (v) SELECT repeat('x', 1000) FROM generate_series(1, 100000);");
        var taken = await Cluster.CaptureAsync();
        Task? crashing = null;
        Task BeginCrash(Undo undo)
        {
            crashing ??= CrashAsync();
            return Task.CompletedTask;
        }
        _rig.MayOwe = true;
        var hooks = new RunHooks { Owed = BeginCrash };
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Cluster.RestoreAsync(taken, hooks: hooks, databases: "app"))).Problem;
        Assert.Contains(problem.Code, new[] { "HF-PG-UNREACHABLE", "HF-PG-RESTORE" });
        await crashing!;
        await _server.StartServerAsync();
        Assert.Equal((1, 0), await RecoverAsync());
        Assert.Equal("app,postgres", await Cluster.DatabasesAsync());
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
        var undos = Cluster.Component().UndoHandlers;
        var drop = undos.Single(handler => handler.Kind.EndsWith("drop-incomplete", StringComparison.Ordinal));
        var forged = new Undo(drop.Kind, "", new Dictionary<string, string>(StringComparer.Ordinal) { ["database"] = "app" });
        await Assert.ThrowsAnyAsync<Exception>(() => drop.UndoAsync(forged, TestContext.Current.CancellationToken));
        Assert.Equal("app,postgres", await Cluster.DatabasesAsync());
    }

    /// <summary>How many undos a recovery has done, and how many of them failed.</summary>
    private async Task<(int Done, int Failed)> RecoverAsync()
    {
        var recovered = await Cluster.RecoverAsync();
        return (recovered.Undone, recovered.Failures.Count);
    }

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        await using var source = new NpgsqlSlimDataSourceBuilder($"Host={_server.Folder};Port={_server.Port};Username=postgres;Database={database};Pooling=false").Build();
        return await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
    }
}
