using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

public sealed class PostgresRoundTripTests
{
    private const string Odd = "odd\"db\n'name";

    [Fact]
    public async Task A_database_with_one_of_everything_comes_back_as_it_was_in_an_empty_cluster()
    {
        await using var rig = await Rig.MakeAsync();
        await using var source = await PostgresServer.StartAsync();
        await using var target = await PostgresServer.StartAsync();
        await source.ExecuteAsync("postgres", TortureSchema.Roles);
        await source.ExecuteAsync("postgres", "CREATE DATABASE app; CREATE DATABASE \"odd\"\"db\n'name\"; CREATE DATABASE closed ALLOW_CONNECTIONS false;");
        await source.ExecuteAsync("app", TortureSchema.Objects);
        await source.ExecuteAsync("app", TortureSchema.Properties("app"));
        await source.ExecuteAsync(Odd, TortureSchema.LateColumn);
        var from = new Cluster(source, rig);
        var into = new Cluster(target, rig);

        var taken = await from.CaptureAsync();
        var restored = await into.RestoreAsync(taken);

        Assert.Empty(restored.Warnings);
        Assert.Contains(taken.Said.Warnings, warning => warning.Code == "HF-PG-CLOSED" && warning.Message.Contains("closed", StringComparison.Ordinal));
        foreach (var database in new[] { "app", "postgres" })
            Assert.Equal(await from.FaceAsync(database), await into.FaceAsync(database));
        Assert.Equal("t|1|extra|7", await target.QueryAsync(Odd, "SELECT t, a, extra, late FROM other.child"));
        Assert.Equal("0", await target.QueryAsync(Odd, "SELECT count(*) FROM pg_namespace WHERE nspname = 'public'"));
        Assert.Equal(await RolesAsync(source), await RolesAsync(target));
    }

    /// <summary>Without the role that the restore signs in as: it keeps the password that it has, or it would lock itself out.</summary>
    private static async Task<string> RolesAsync(PostgresServer server)
    {
        var dumped = (await server.RunAsync("pg_dumpall", ["--globals-only", "--restrict-key=test"])).Succeeded().Output;
        return string.Join('\n', dumped.Split('\n').Where(line => !line.StartsWith("ALTER ROLE postgres ", StringComparison.Ordinal)));
    }
}
