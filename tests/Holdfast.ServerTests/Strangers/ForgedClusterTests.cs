using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Postgres.Base;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>Points of a cluster's files that whoever can write to the repository has made: a restore with a target writes nothing outside of it.</summary>
public sealed class ForgedClusterTests
{
    [Fact]
    public async Task No_path_and_no_link_of_a_point_leads_a_restore_out_of_its_target()
    {
        await using var rig = await BaseRig.StartAsync();
        using var victim = new TempFolder();
        victim.Write("5/1247", new string('v', 4 * 8192));
        var before = await Tree.ListAsync(victim.Path);
        var taken = await rig.CaptureAsync();
        var target = Directory.CreateDirectory(rig["target"]).FullName;
        var up = string.Concat(Enumerable.Repeat("/..", 12)) + victim.Path;

        await RefusedAsync(main => Record(main, record => record["dataDirectory"] = up), "plain absolute path");
        await RefusedAsync(main => Record(main, record => record["configFile"] = up), "plain absolute path");
        await RefusedAsync(main => Record(main, record => record["tablespaces"] = new JsonArray(new JsonObject { ["oid"] = 16384, ["name"] = "x", ["path"] = up })), "a tablespace is not valid");
        foreach (var folder in new[] { "base/5", "base", "global", "pg_xact", "pg_multixact/members" })
            await RefusedAsync(main => Exchange($"{main}/base/{folder}", victim.Path), $"{folder} is a link to {victim.Path}");
        await RefusedAsync(main =>
        {
            Directory.CreateDirectory($"{main}/pages/conf.d/5");
            File.CreateSymbolicLink($"{main}/base/conf.d", victim.Path);
            File.WriteAllBytes($"{main}/pages/conf.d/5/1247.list", new PageList(8192, 4 * 8192, [new ChangedPage(0, 0)]).Write());
            File.WriteAllBytes($"{main}/pages/conf.d/5/1247.delta", new byte[8192]);
        }, "in no folder of relations");

        // A restore of other files into the same directory may have left a link there.
        target = Directory.CreateDirectory(rig["other"]).FullName;
        File.CreateSymbolicLink($"{target}/tmp", victim.Path);
        Assert.Contains("may lead out of", (await rig.RefusedAsync(taken, target: target)).Message, StringComparison.Ordinal);
        File.Delete($"{target}/tmp");
        await rig.RestoreAsync(taken, target: target);
        Assert.True(File.Exists($"{target}{rig.Server.Data}/global/pg_control"));
        Assert.Empty(before.Differences(await Tree.ListAsync(victim.Path)));

        async Task RefusedAsync(Action<string> change, string why)
        {
            var forged = await rig.ForgeAsync(taken, change);
            var problem = (await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(forged, target: target))).Problem;
            Assert.Contains(why, problem.Message, StringComparison.Ordinal);
            Assert.Empty(before.Differences(await Tree.ListAsync(victim.Path)));
        }
    }

    [Fact]
    public async Task A_point_of_another_machine_puts_no_cluster_where_this_one_has_none_unless_a_person_says_so()
    {
        await using var rig = await BaseRig.StartAsync();
        using var victim = new TempFolder();
        var (units, fresh) = (Directory.CreateDirectory(victim["units"]).FullName, victim["fresh"]);
        victim.Write("units/ssh.service", "root's");
        var before = await Tree.ListAsync(victim.Path);
        var taken = await rig.CaptureAsync();
        await rig.Server.StopServerAsync();

        foreach (var place in new[] { units, fresh })
        {
            var moved = await rig.ForgeAsync(taken, main => Record(main, record => record["dataDirectory"] = place));
            var refused = await rig.RefusedAsync(moved, _noStart);
            Assert.Equal("HF-RESTORE-UNSELECTED", refused.Code);
            Assert.Contains(place, refused.Message, StringComparison.Ordinal);
        }
        var spread = await rig.ForgeAsync(taken, main => Tablespace(main, units, "PG_15_202209061"));
        Assert.Contains($"of user postgres: {units}.", (await rig.RefusedAsync(spread, _noStart)).Message, StringComparison.Ordinal);
        Assert.Contains(await rig.PlanRestoreAsync(spread, _noStart), step => step.Does.EndsWith($"Tablespaces: 16384 in {units}. All of it belongs to user postgres.", StringComparison.Ordinal));
        Assert.Empty(before.Differences(await Tree.ListAsync(victim.Path)));

        // Whatever a person says, what is no server's is nowhere.
        var strange = await rig.ForgeAsync(taken, main => Tablespace(main, units, "ssh.service.d"));
        Assert.Contains("is not the folder of a server's version", (await rig.RefusedAsync(strange, _noStart, rig["target"])).Message, StringComparison.Ordinal);

        // Its own cluster stands where the point says, so nothing is asked; and the machine's own points go wherever they came from.
        var own = await rig.ForgeAsync(taken, main => Record(main, record => record["forged"] = true));
        await rig.RestoreAsync(own, _noStart);
        Directory.Delete(rig.Server.Data, recursive: true);
        await rig.RestoreAsync(taken, _noStart);
        Assert.True(File.Exists($"{rig.Server.Data}/global/pg_control"));
    }

    private static readonly RecoveryRequest _noStart = new() { NoStart = true };

    private static void Tablespace(string main, string path, string folder)
    {
        Record(main, record => record["tablespaces"] = new JsonArray(new JsonObject { ["oid"] = 16384, ["name"] = "x", ["path"] = path }));
        Directory.CreateDirectory($"{main}/tablespaces/16384/{folder}/5");
        File.WriteAllText($"{main}/tablespaces/16384/{folder}/5/x.conf", "[Service]");
    }

    private static void Record(string main, Action<JsonObject> change)
    {
        var record = JsonNode.Parse(File.ReadAllText($"{main}/base.json"))!.AsObject();
        change(record);
        File.WriteAllText($"{main}/base.json", record.ToJsonString());
    }

    private static void Exchange(string folder, string link)
    {
        Directory.Delete(folder, recursive: true);
        File.CreateSymbolicLink(folder, link);
    }
}
