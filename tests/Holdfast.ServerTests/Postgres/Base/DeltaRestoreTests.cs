using System.Text.Json.Nodes;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>Restores over a cluster that shares its files with others, and from a point whose maps are damaged.</summary>
public sealed class DeltaRestoreTests
{
    private const string Fill = "CREATE TABLE t WITH (fillfactor = 90) AS SELECT n, 0 AS version, repeat(md5(n::text), 12) AS pad FROM generate_series(1, 40000) n;";

    [Fact]
    public async Task Nothing_is_written_through_files_that_have_other_names()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        var (taken, file) = await ChangeAndCaptureAsync(rig);
        var sum = await WideTable.SumAsync(rig.Server);
        await rig.Server.StopServerAsync();
        var copy = Path.Join(rig.Server.Folder, "copy");
        (await Command.RunAsync("cp", ["-al", rig.Server.Data, copy])).Succeeded();
        await FlipAsync(file); // the copy has it, too: it is somebody else's, right or wrong
        var before = await DigestsAsync(copy);

        await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        Assert.Equal(sum, await WideTable.SumAsync(rig.Server));
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET version = version + 1; CREATE TABLE later (); CHECKPOINT;");
        await rig.Server.StopServerAsync();
        Assert.Equal(before, await DigestsAsync(copy));
        Assert.Equal("", (await Command.RunAsync("find", [rig.Server.Data, "-type", "f", "-links", "+1"])).Succeeded().Output);
    }

    [Fact]
    public async Task Where_a_map_is_damaged_its_file_is_compared_by_content()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        var (taken, file) = await ChangeAndCaptureAsync(rig);
        var sum = await WideTable.SumAsync(rig.Server);
        await rig.Server.StopServerAsync();
        await FlipAsync(file);
        var relative = file[(rig.Server.Data.Length + 1)..];
        await DamageAsync(rig, (await rig.Repository.FindNodeAsync(taken.Point, $"/postgres/main/pages/{relative}.map", BaseRig.Cancellation))!.Content!.Single());

        var context = await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
        var warning = Assert.Single(context.Warnings);
        Assert.Equal(Catalogue.PostgresMap.Code, warning.Code);
        Assert.Contains($"{relative} is the first", warning.Message, StringComparison.Ordinal);
        Assert.Equal(sum, await WideTable.SumAsync(rig.Server));

        // The next point does without it, too.
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET version = 2 WHERE n % 400 = 7;");
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
        sum = await WideTable.SumAsync(rig.Server);
        var next = await rig.CaptureAsync();
        Assert.Equal(Catalogue.PostgresMap.Code, Assert.Single(BesidesDamage(next)).Code);
        Assert.Equal(0, next.Record.Counts["filesWithChangedPages"]);
        await rig.Server.StopServerAsync();
        Assert.Empty((await rig.RestoreAsync(next, new RecoveryRequest { Delta = true })).Warnings);
        Assert.Equal(sum, await WideTable.SumAsync(rig.Server));
        await rig.Server.StopServerAsync();
        (await rig.Server.AsServerAsync("pg_checksums", "-c", "-D", rig.Server.Data)).Succeeded();
    }

    /// <summary>Of a file that has not changed the point before holds the whole one as it once was, and pages beside it, of which nobody knows any more.</summary>
    [Fact]
    public async Task Where_a_folder_of_maps_is_damaged_the_next_point_has_all_pages_nonetheless()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        var (taken, file) = await ChangeAndCaptureAsync(rig, TimeSpan.FromSeconds(1.1));
        var (sum, written) = (await WideTable.SumAsync(rig.Server), File.GetLastWriteTimeUtc(file));
        var folder = "/postgres/main/pages/" + Path.GetDirectoryName(file[(rig.Server.Data.Length + 1)..]);
        await DamageAsync(rig, (await rig.Repository.FindNodeAsync(taken.Point, folder, BaseRig.Cancellation))!.Subtree!.Value);

        var next = await rig.CaptureAsync();
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        var warning = Assert.Single(BesidesDamage(next));
        Assert.Equal(Catalogue.PostgresMap.Code, warning.Code);
        Assert.Contains($"1 files or folders cannot be read, {folder} is the first", warning.Message, StringComparison.Ordinal);
        Assert.Equal(0, next.Record.Counts["filesWithChangedPages"]);
        await rig.Server.StopServerAsync();
        Assert.Empty((await rig.RestoreAsync(next)).Warnings);
        Assert.Equal(sum, await WideTable.SumAsync(rig.Server));
        // From then on it is as before.
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET version = 2 WHERE n % 400 = 7;");
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
        var last = await rig.CaptureAsync();
        Assert.Empty(BesidesDamage(last));
        Assert.Equal(1, last.Record.Counts["filesWithChangedPages"]);
    }

    [Fact]
    public async Task A_point_whose_record_is_damaged_does_not_keep_the_next_one_from_being_made()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        var (taken, _) = await ChangeAndCaptureAsync(rig);
        var sum = await WideTable.SumAsync(rig.Server);
        await DamageAsync(rig, (await rig.Repository.FindNodeAsync(taken.Point, "/postgres/main/base.json", BaseRig.Cancellation))!.Content!.Single());

        var next = await rig.CaptureAsync();
        var warning = Assert.Single(BesidesDamage(next));
        Assert.Equal(Catalogue.PointManifest.Code, warning.Code);
        Assert.Contains($"recovery point {taken.Point.Id.ToShortString()} cannot be read", warning.Message, StringComparison.Ordinal);
        Assert.Equal(1, next.Record.Counts["filesWithChangedPages"]); // it builds on the point before that
        await rig.Server.StopServerAsync();
        Assert.Empty((await rig.RestoreAsync(next)).Warnings);
        Assert.Equal(sum, await WideTable.SumAsync(rig.Server));
    }

    /// <summary>A point that has changed pages beside the file as it was stored before.</summary>
    private static async Task<(TakenPoint, string)> ChangeAndCaptureAsync(BaseRig rig, TimeSpan between = default)
    {
        await rig.CaptureAsync();
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET version = 1 WHERE n % 400 = 0;");
        await rig.Server.ExecuteAsync("postgres", "SELECT count(*) FROM t; CHECKPOINT;"); // who reads first writes, too: which transactions are over
        await Eventually.PassAsync(between, "files that were written a second before the start are not trusted");
        var taken = await rig.CaptureAsync();
        Assert.Equal(1, taken.Record.Counts["filesWithChangedPages"]);
        return (taken, Path.Join(rig.Server.Data, await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')")));
    }

    /// <summary>What else a backup warns of: it reads older packs back, and tells each time of one that is damaged and costs its point nothing.</summary>
    private static IEnumerable<Problem> BesidesDamage(TakenPoint taken)
    {
        Assert.Single(taken.Said.Warnings, warning => warning.Code == Catalogue.RepositoryDamaged.Code);
        return taken.Said.Warnings.Where(warning => warning.Code != Catalogue.RepositoryDamaged.Code);
    }

    private static async Task FlipAsync(string file)
    {
        await using var bytes = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        bytes.Position = (5 * 8192) + 4000;
        await bytes.WriteAsync(new byte[] { 0x5A, 0x5A, 0x5A, 0x5A }, BaseRig.Cancellation);
    }

    /// <summary>Bends a byte of one blob, where restic says that it lies.</summary>
    private static async Task DamageAsync(BaseRig rig, Id blob)
    {
        var (restic, repository) = (ResticBinary.Find(), rig["repository"]);
        foreach (var index in (await restic.RunAsync(repository, BaseRig.Password, "list", "index")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var packs = JsonNode.Parse((await restic.RunAsync(repository, BaseRig.Password, "cat", "index", index)).Succeeded().Output)!["packs"]!.AsArray();
            var found = packs.SelectMany(pack => pack!["blobs"]!.AsArray().Select(entry => (Pack: (string)pack["id"]!, Entry: entry!))).Where(pair => (string)pair.Entry["id"]! == blob.ToString()).ToList();
            foreach (var (pack, entry) in found)
            {
                await using var file = new FileStream(Path.Join(repository, "data", pack[..2], pack), FileMode.Open, FileAccess.ReadWrite);
                file.Position = (long)entry["offset"]! + 40;
                var old = file.ReadByte();
                file.Position--;
                file.WriteByte((byte)~old);
                return;
            }
        }
        Assert.Fail($"No index of restic knows the blob {blob}.");
    }

    private static async Task<string> DigestsAsync(string folder) => (await Command.BashAsync("cd \"$1\" && find . -type f -print0 | sort -z | xargs -0 sha256sum", folder)).Succeeded().Output;
}
