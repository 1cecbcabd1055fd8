using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Recovery;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>Folders that a restore makes beside a data directory, where the owner of the cluster can exchange anything.</summary>
public sealed class PrivateTreeTests
{
    private const uint Nobody = 65534;

    [Fact]
    public async Task A_folder_that_grows_is_root_s_alone_whatever_is_put_in_its_place_and_is_emptied_by_an_undo()
    {
        Require.Root();
        using var folder = new TempFolder();
        var (theirs, victim) = (Theirs(folder), folder.Folder("victim"));
        var path = $"{theirs}/data.holdfast-incomplete.before-1";
        using var tree = PrivateTree.Make(path, Catalogue.PostgresFiles);
        Assert.Equal(0u, FileFacts.Of(path).User);
        Assert.Equal(0u, FileFacts.Of(path).Mode & 0x3F);
        Directory.Move(path, $"{theirs}/away");
        Directory.CreateSymbolicLink(path, victim);
        ClusterFolder.Write(tree.Opened, "PG_VERSION", "15\n");
        Assert.Empty(Directory.GetFileSystemEntries(victim));
        Assert.True(File.Exists($"{theirs}/away/PG_VERSION"));
        Assert.Contains("something else in its place", Assert.Throws<ProblemException>(tree.Check).Problem.Message, StringComparison.Ordinal);

        File.WriteAllText($"{victim}/kept", "");
        var undos = new BaseUndos("main");
        var lost = await Assert.ThrowsAsync<ProblemException>(() => undos.UndoAsync(undos.RemoveIncomplete(path), TestContext.Current.CancellationToken));
        Assert.Equal(("HF-UNDO-LOST", true), (lost.Problem.Code, lost.Message.Contains($"{path} is a link", StringComparison.Ordinal)));
        Assert.True(File.Exists($"{victim}/kept"));
        File.Delete(path);
        Directory.Move($"{theirs}/away", path);
        await undos.UndoAsync(undos.RemoveIncomplete(path, FileFacts.Of(tree.Handle)), TestContext.Current.CancellationToken);
        Assert.False(Path.Exists(path));
    }

    [Fact]
    public async Task A_folder_of_root_s_that_its_user_has_put_in_the_place_of_one_that_grew_is_not_emptied()
    {
        Require.Root();
        using var folder = new TempFolder();
        var theirs = Theirs(folder);
        var path = $"{theirs}/data.holdfast-incomplete.before-1";
        var undos = new BaseUndos("main");
        using var tree = PrivateTree.Make(path, Catalogue.PostgresFiles);
        var undo = undos.RemoveIncomplete(path, FileFacts.Of(tree.Handle));
        Directory.Move(path, $"{theirs}/away");
        Directory.CreateDirectory($"{theirs}/root's");
        File.WriteAllText($"{theirs}/root's/kept", "");
        Directory.Move($"{theirs}/root's", path);
        foreach (var owed in new[] { undo, undos.RemoveIncomplete(path) })
            Assert.Equal("HF-UNDO-LOST", (await Assert.ThrowsAsync<ProblemException>(() => undos.UndoAsync(owed, TestContext.Current.CancellationToken))).Problem.Code);
        Assert.True(File.Exists($"{path}/kept"));

        // One that was registered before its folder was made, or after nothing was written to it.
        File.Delete($"{path}/kept");
        await undos.UndoAsync(undos.RemoveIncomplete(path), TestContext.Current.CancellationToken);
        Assert.False(Path.Exists(path));
        await undos.UndoAsync(undo, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("touch $1")]
    [InlineData("mkdir -p $1/inner/deep; chown -R 65534:65534 $1; chmod 0 $1/inner")]
    [InlineData("rmdir $0; mkdir $2/far; ln -s $2/far $0")]
    public async Task What_its_user_has_put_in_the_place_of_a_folder_that_grew_is_left_alone_and_a_person_is_told_once(string puts)
    {
        Require.Root();
        using var folder = new TempFolder();
        var theirs = Theirs(folder);
        var path = $"{theirs}/data/main.holdfast-incomplete.before-1";
        (await Command.RunAsync("sh", ["-c", $"mkdir $0; chown 65534:65534 $0; {puts}", $"{theirs}/data", path, folder.Path])).Succeeded();
        var undos = new BaseUndos("main");
        var undo = undos.RemoveIncomplete(path, FileFacts.TryFind(path));
        var lost = await Assert.ThrowsAsync<ProblemException>(() => undos.UndoAsync(undo, TestContext.Current.CancellationToken));
        Assert.Equal("HF-UNDO-LOST", lost.Problem.Code);
        Assert.True(Path.Exists(path) || Directory.Exists(folder["far"]));
    }

    [Fact]
    public void What_is_there_already_and_a_way_over_a_link_of_the_owner_are_refused()
    {
        Require.Root();
        using var folder = new TempFolder();
        var (theirs, victim) = (Theirs(folder), folder.Folder("victim"));
        Directory.CreateDirectory($"{theirs}/there");
        File.WriteAllText($"{theirs}/there/is", "");
        Assert.Equal("HF-PG-FILES", Assert.Throws<ProblemException>(() => PrivateTree.Make($"{theirs}/there", Catalogue.PostgresFiles)).Problem.Code);
        Directory.CreateSymbolicLink($"{theirs}/15", victim);
        Assert.Contains("is a link", Assert.Throws<ProblemException>(() => PrivateTree.Make($"{theirs}/15/data", Catalogue.PostgresFiles)).Problem.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(victim));
    }

    [Theory]
    [InlineData("postgresql.auto.conf")]
    [InlineData("pg_wal")]
    [InlineData("standby.signal")]
    [InlineData("pg_wal/archive_status")]
    [InlineData("pg_wal/000000010000000000000001")]
    [InlineData("global/pg_control")]
    public void A_link_in_the_place_of_a_file_of_the_server_is_refused(string place)
    {
        using var data = new TempFolder();
        foreach (var folder in new[] { "global", "pg_wal" }.Where(folder => place != folder)) data.Folder(folder);
        ClusterFolder.RefuseLinks(data.Path, "/data");
        File.CreateSymbolicLink(data[place], "/etc/passwd");
        var problem = Assert.Throws<ProblemException>(() => ClusterFolder.RefuseLinks(data.Path, "/data")).Problem;
        Assert.Contains($"/data/{place} is a link to /etc/passwd", problem.Message, StringComparison.Ordinal);
        Assert.True(ClusterFolder.IsOwn(place));
    }

    [Fact]
    public void Settings_are_never_written_through_a_link()
    {
        using var folder = new TempFolder();
        var (data, victim) = (folder.Folder("data"), folder.Write("victim", "as it was"));
        File.CreateSymbolicLink($"{data}/postgresql.auto.conf", victim);
        ClusterFolder.Write(data, "postgresql.auto.conf", "new");
        Assert.Equal("as it was", File.ReadAllText(victim));
        Assert.Equal("new", File.ReadAllText($"{data}/postgresql.auto.conf"));
        File.Delete($"{data}/postgresql.auto.conf");
        File.CreateSymbolicLink($"{data}/postgresql.auto.conf", victim);
        Assert.ThrowsAny<IOException>(() => new RecoverySettings(150000, RecoveryTarget.End, "latest", Pause: false, "false").Write(data, archives: true));
        Assert.Null(PagePatch.TryOpen($"{data}/postgresql.auto.conf", actor: null));
    }

    private static string Theirs(TempFolder folder)
    {
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        var theirs = folder.Folder("theirs");
        using var chown = System.Diagnostics.Process.Start("chown", [$"{Nobody}:{Nobody}", theirs]);
        chown.WaitForExit();
        return theirs;
    }
}
