using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Dumps that are restored on machines which lack the folder of a tablespace.</summary>
public sealed class TablespaceFolderTests : IAsyncLifetime
{
    private Rig _rig = null!;
    private PostgresServer _old = null!, _new = null!;
    private string _place = "";

    private Cluster New => new(_new, _rig);

    public async ValueTask InitializeAsync()
    {
        Require.Root();
        (_old, _new, _rig) = (await PostgresServer.StartAsync(), await PostgresServer.StartAsync(), await Rig.MakeAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_old is not null) await _old.DisposeAsync();
        if (_new is not null) await _new.DisposeAsync();
        if (_rig is not null) await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Root_makes_the_folder_for_the_servers_user_and_the_plan_says_so()
    {
        var taken = await CaptureAsync(Path.Combine(_new.Folder, "deeper", "very fast"));
        var plan = await _rig.PlanRestoreAsync(New.Component(), taken.Point);
        Assert.Contains(_place, plan[0].Does, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_place));
        await New.RestoreAsync(taken);
        Assert.Equal("1", await _new.QueryAsync("onfast", "SELECT count(*) FROM t"));
        Assert.Equal("fast", await _new.QueryAsync("app", "SELECT tablespace FROM pg_tables WHERE tablename = 'u'"));
        var status = (await Command.RunAsync("stat", ["-c", "%a %U", _place])).Succeeded().Output.Trim();
        Assert.Equal($"700 {(await Command.RunAsync("stat", ["-c", "%U", _new.Data])).Output.Trim()}", status);
    }

    [Fact]
    public async Task Where_root_may_not_make_it_only_what_uses_it_is_refused()
    {
        // A hidden folder is none for data.
        var taken = await CaptureAsync(Path.Combine(_new.Folder, ".hidden", "fast"));
        var refused = await Assert.ThrowsAsync<ProblemException>(() => New.RestoreAsync(taken));
        Assert.Equal("HF-PG-TABLESPACE", refused.Problem.Code);
        Assert.Contains("\"app\", \"onfast\"", refused.Problem.Message, StringComparison.Ordinal);
        Assert.Equal("0", await _new.QueryAsync("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'shop'"));

        var one = await New.RestoreAsync(taken, databases: "other");
        Assert.Equal("1", await _new.QueryAsync("other", "SELECT count(*) FROM t"));
        Assert.DoesNotContain(one.Warnings, warning => warning.Exit == ExitCode.Incomplete);
        Assert.Contains(one.Notes, note => note.Contains("\"fast\"", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_place));
    }

    private async Task<TakenPoint> CaptureAsync(string place)
    {
        _place = place;
        var temporary = Path.Combine(_old.Folder, "fast");
        (await Command.RunAsync("install", ["-d", "-o", "postgres", "-m", "700", temporary])).Succeeded();
        await _old.ExecuteAsync("postgres", $"CREATE TABLESPACE fast LOCATION '{temporary}';");
        await _old.ExecuteAsync("postgres", "CREATE ROLE shop LOGIN; COMMENT ON TABLESPACE fast IS 'quick'; GRANT CREATE ON TABLESPACE fast TO shop;");
        foreach (var database in new[] { "app", "other", "onfast TABLESPACE fast" }) await _old.ExecuteAsync("postgres", $"CREATE DATABASE {database};");
        foreach (var database in new[] { "app", "other", "onfast" }) await _old.ExecuteAsync(database, "CREATE TABLE t(x int); INSERT INTO t VALUES (1);");
        await _old.ExecuteAsync("app", "CREATE TABLE u(x int) TABLESPACE fast;");
        // The other machine has another place for it.
        var old = new Cluster(_old, _rig);
        return await old.ReplaceAsync(
            await old.CaptureAsync(), "globals.sql",
            globals => globals.Replace(temporary, place.Replace("'", "''", StringComparison.Ordinal), StringComparison.Ordinal));
    }
}
