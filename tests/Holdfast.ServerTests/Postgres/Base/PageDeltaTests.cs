using Holdfast.Engine.Components;
using Holdfast.Restic.Snapshots;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>Large tables of which a few pages change, scattered: only those are stored, and the whole comes back.</summary>
public sealed class PageDeltaTests
{
    private const string Fill = "CREATE TABLE t WITH (fillfactor = 90) AS SELECT n, 0 AS version, string_agg(md5((n * 16 + m)::text), '') AS pad FROM generate_series(1, 40000) n, generate_series(1, 12) m GROUP BY n; CREATE INDEX ON t (n);";

    [Fact]
    public async Task Scattered_changes_cost_their_pages_and_come_back_whole()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        var first = await rig.CaptureAsync();
        var file = await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')");
        await rig.Server.ExecuteAsync("postgres", "UPDATE t SET version = 1 WHERE n % 400 = 0;"); // the checkpoint that the copy begins with writes it
        var second = await rig.CaptureAsync();
        Assert.Equal(1, second.Record.Counts["filesWithChangedPages"]);
        Assert.InRange(second.Record.Counts["changedPages"], 80, 250);
        // The same blobs again, and less than a fifth of the table beside them; the WAL is a whole segment, whatever is in it.
        Assert.Equal((await FindAsync(rig, first, $"base/{file}")).Content, (await FindAsync(rig, second, $"base/{file}")).Content);
        Assert.True((long)(await FindAsync(rig, second, $"pages/{file}.delta")).Size < (long)(await FindAsync(rig, first, $"base/{file}")).Size / 5);

        // Nothing has changed since, but the file was written too late to be trusted; after that nothing is read, and the pages are there all the same.
        await Eventually.PassAsync(TimeSpan.FromSeconds(1.1), "files that were written a second before the start are not trusted");
        Assert.Equal(second.Record.Counts["changedPages"], (await rig.CaptureAsync()).Record.Counts["changedPages"]);
        var third = await rig.CaptureAsync();
        Assert.Equal((await FindAsync(rig, second, $"pages/{file}.delta")).Content, (await FindAsync(rig, third, $"pages/{file}.delta")).Content);
        Assert.Equal(0, third.Record.Counts["changedPages"]);

        // More changes: against the whole again, never against the pages.
        await ChangeAsync(rig, "n % 400 = 7", 2);
        var fourth = await rig.CaptureAsync();
        Assert.True(fourth.Record.Counts["changedPages"] > second.Record.Counts["changedPages"]);
        var sum = await WideTable.SumAsync(rig.Server);
        await rig.Server.ExecuteAsync("postgres", "DROP TABLE t;");
        await rig.Server.StopServerAsync();
        await rig.RestoreAsync(fourth);
        Assert.Equal(sum, await WideTable.SumAsync(rig.Server));
        await SoundAsync(rig.Server);
        // Over what is there, too.
        await rig.RestoreAsync(second, new RecoveryRequest { Delta = true });
        Assert.Equal("100|1", await rig.Server.QueryAsync("postgres", "SELECT count(*), max(version) FROM t WHERE version > 0"));
        await SoundAsync(rig.Server);
    }

    [Fact]
    public async Task Over_what_is_there_only_pages_that_differ_are_written()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        await rig.CaptureAsync();
        await ChangeAsync(rig, "n % 400 = 0", 1);
        var taken = await rig.CaptureAsync();
        var (sum, file) = (await WideTable.SumAsync(rig.Server), Path.Join(rig.Server.Data, await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')")));
        await rig.Server.StopServerAsync();
        var (length, outside) = (new FileInfo(file).Length, Path.Join(rig.Server.Folder, "outside"));
        // So much of it that it is restored as if it was not there; and nothing is written through a link.
        foreach (var (harm, isKept) in new[] { ("flip", true), ("truncate", true), ("grow", true), ("ruin", false), ("link", false) })
        {
            var inode = await InodeAsync(file);
            Harm(file, harm, outside);
            await rig.RestoreAsync(taken, new RecoveryRequest { Delta = true });
            Assert.Equal((harm, sum), (harm, await WideTable.SumAsync(rig.Server)));
            await rig.Server.StopServerAsync();
            Assert.Equal((harm, isKept, length), (harm, await InodeAsync(file) == inode, new FileInfo(file).Length));
        }
        Each.Holds(await File.ReadAllBytesAsync(outside, BaseRig.Cancellation), one => Assert.Equal(0x11, one));
        await rig.Server.StartServerAsync();
        await SoundAsync(rig.Server);
    }

    private static void Harm(string file, string how, string outside)
    {
        if (how == "link")
        {
            File.WriteAllBytes(outside, Enumerable.Repeat((byte)0x11, (int)new FileInfo(file).Length).ToArray());
            File.Delete(file);
            File.CreateSymbolicLink(file, outside);
            return;
        }
        using var bytes = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        var pages = bytes.Length / 8192;
        if (how == "truncate") bytes.SetLength(bytes.Length - 3 * 8192 - 100);
        if (how == "grow") bytes.SetLength(bytes.Length + 5 * 8192 + 100);
        var harmed = how switch { "flip" => new[] { 0, 3, 4, 5, pages / 2, pages - 1 }, "ruin" => Enumerable.Range(0, (int)(pages * 9 / 10)).Select(page => (long)page), _ => [] };
        foreach (var page in harmed)
        {
            bytes.Position = (page * 8192) + 4000;
            var old = bytes.ReadByte();
            bytes.Position--;
            bytes.WriteByte((byte)(old ^ 0x5A));
        }
    }

    private static async Task<string> InodeAsync(string file) => (await Command.RunAsync("stat", ["-c", "%i", file])).Succeeded().Output.Trim();

    [Fact]
    public async Task A_file_of_which_much_has_changed_is_stored_whole_again()
    {
        await using var rig = await WideTable.StartAsync(Fill);
        var first = await rig.CaptureAsync();
        await ChangeAsync(rig, "n % 3 = 0", 1);
        var second = await rig.CaptureAsync();
        Assert.Equal(0, second.Record.Counts["filesWithChangedPages"]);
        var file = await rig.Server.QueryAsync("postgres", "SELECT pg_relation_filepath('t')");
        Assert.Null(await rig.Repository.FindNodeAsync(second.Point, $"/postgres/main/pages/{file}.delta", BaseRig.Cancellation));
        Assert.NotEqual((await FindAsync(rig, first, $"pages/{file}.map")).Content, (await FindAsync(rig, second, $"pages/{file}.map")).Content);
    }

    [Fact]
    public async Task Restic_and_the_script_in_the_point_bring_it_back_as_well()
    {
        var python = Require.Program("python3");
        await using var rig = await WideTable.StartAsync(Fill);
        await rig.CaptureAsync();
        await ChangeAsync(rig, "n % 400 = 0", 1);
        var taken = await rig.CaptureAsync();
        var sum = await WideTable.SumAsync(rig.Server);
        var folder = await rig.RestoreByResticAsync(taken);
        (await Command.RunAsync(python, [Path.Join(folder, "pages/combine.py")])).Succeeded();
        await using var restored = await rig.StartByHandAsync(taken, folder);
        Assert.Equal(sum, await WideTable.SumAsync(restored));
        await SoundAsync(restored);
    }

    private static async Task ChangeAsync(BaseRig rig, string where, int version)
    {
        await rig.Server.ExecuteAsync("postgres", $"UPDATE t SET version = {version} WHERE {where};");
        await rig.Server.ExecuteAsync("postgres", "CHECKPOINT;");
    }

    private static async Task<Node> FindAsync(BaseRig rig, TakenPoint taken, string path)
    {
        var node = await rig.Repository.FindNodeAsync(taken.Point, $"/postgres/main/{path}", BaseRig.Cancellation);
        Assert.NotNull(node);
        return node;
    }

    private static async Task SoundAsync(PostgresServer server)
    {
        (await server.RunAsync("pg_amcheck", ["--install-missing", "--heapallindexed", "postgres"])).Succeeded();
        await server.StopServerAsync();
        (await server.AsServerAsync("pg_checksums", "-c", "-D", server.Data)).Succeeded();
    }
}
