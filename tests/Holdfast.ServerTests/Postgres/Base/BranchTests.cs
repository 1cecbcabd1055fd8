using Holdfast.Engine.Components;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>Restores after restores: branches that leave each other in any order, and whose first segments are not archived yet.</summary>
public sealed class BranchTests
{
    [Fact]
    public async Task A_branch_that_leaves_before_the_one_it_followed_is_followed_itself()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        var (taken, early, late) = await FillAsync(rig);
        await RestoreAsync(rig, taken, RecoveryLimit.Address, late);
        await WriteAsync(rig, "on two", isWhole: true);
        // The second timeline is followed, and left before it begins: its own history says so.
        await RestoreAsync(rig, taken, RecoveryLimit.Address, early);
        await WriteAsync(rig, "on three", isWhole: true);
        await RestoreAsync(rig, taken, RecoveryLimit.Latest);
        Assert.Equal("early,on three", await RowsAsync(rig));
    }

    [Fact]
    public async Task Until_the_first_segment_of_a_branch_is_full_all_that_leads_to_it_is_replayed_and_nothing_behind()
    {
        await using var rig = await BaseRig.StartAsync("wal_keep_size=1GB");
        var (taken, _, late) = await FillAsync(rig);
        await RestoreAsync(rig, taken, RecoveryLimit.Address, late);
        await WriteAsync(rig, "lost", isWhole: false);
        await RestoreAsync(rig, taken, RecoveryLimit.Latest);
        Assert.Equal("early,late", await RowsAsync(rig));
        await rig.Server.StopServerAsync();
        await RestoreAsync(rig, taken, RecoveryLimit.Name, "at-early");
        Assert.Equal("early", await RowsAsync(rig));
        await rig.Server.StopServerAsync();

        // What was left is where the hint says, and only there.
        var refused = await rig.RefusedAsync(taken, new RecoveryRequest { Limit = RecoveryLimit.Name, To = "at-end" });
        Assert.Contains("It may be on another timeline: --to-timeline 1.", refused.Hint, StringComparison.Ordinal);
        await RestoreAsync(rig, taken, RecoveryLimit.Name, "at-end", "1");
        Assert.Equal("early,late,end", await RowsAsync(rig));
    }

    /// <summary>Three rows, each with the address and a restore point behind it, all in one segment, which is archived.</summary>
    private static async Task<(TakenPoint Taken, string Early, string Late)> FillAsync(BaseRig rig)
    {
        await rig.Server.ExecuteAsync("postgres", "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, what text);");
        var taken = await rig.CaptureAsync();
        var (early, late, _) = (await AddAsync("early"), await AddAsync("late"), await AddAsync("end"));
        await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();
        return (taken, early, late);

        async Task<string> AddAsync(string what)
        {
            await rig.Server.ExecuteAsync("postgres", $"INSERT INTO t (what) VALUES ('{what}');");
            var address = await rig.Server.QueryAsync("postgres", "SELECT pg_current_wal_insert_lsn()");
            await rig.Server.ExecuteAsync("postgres", $"SELECT pg_create_restore_point('at-{what}');");
            return address;
        }
    }

    /// <summary>Writes on the timeline that the restore has begun, and archives what an archiving server would.</summary>
    private static async Task WriteAsync(BaseRig rig, string what, bool isWhole)
    {
        await rig.Server.ExecuteAsync("postgres", $"INSERT INTO t (what) VALUES ('{what}');");
        if (isWhole) await rig.Server.ExecuteAsync("postgres", "SELECT pg_switch_wal();");
        await rig.ArchiveAsync();
        await rig.Server.StopServerAsync();
    }

    private static Task<RunReport> RestoreAsync(BaseRig rig, TakenPoint taken, RecoveryLimit limit, string? to = null, string? timeline = null) =>
        rig.RestoreAsync(taken, new RecoveryRequest { Limit = limit, To = to, Timeline = timeline, Delta = true });

    private static Task<string> RowsAsync(BaseRig rig) => rig.Server.QueryAsync("postgres", "SELECT string_agg(what, ',' ORDER BY what = 'end', what) FROM t");
}
