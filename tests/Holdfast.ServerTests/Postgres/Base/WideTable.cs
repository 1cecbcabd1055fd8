using Holdfast.Testing;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>A cluster with a table t (n, version, pad) of which pages can be changed, and what the table holds.</summary>
internal static class WideTable
{
    public static async Task<BaseRig> StartAsync(string fill)
    {
        var rig = await BaseRig.StartAsync();
        await rig.Server.ExecuteAsync("postgres", fill);
        await rig.Server.ExecuteAsync("postgres", "VACUUM t; CHECKPOINT;");
        await Eventually.PassAsync(TimeSpan.FromSeconds(1.1), "files that were written a second before the start are not trusted");
        return rig;
    }

    public static Task<string> SumAsync(PostgresServer server) => server.QueryAsync("postgres", "SELECT count(*), sum(version), md5(string_agg(t::text, '' ORDER BY n)) FROM t");
}
