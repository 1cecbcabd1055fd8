using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Tests.Cli;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>"Verified" means that bytes were read back and are what was written.</summary>
public sealed class ReadBackTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backup_that_relies_on_bent_packs_is_not_called_complete()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", string.Concat(Enumerable.Range(0, 20_000)));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup", "--mode", "online"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup", "--mode", "online"));
        foreach (var pack in stage.Stored("data")) Bend(pack);
        stage.Write("b", "new");
        Assert.Equal(ExitCode.Damaged, await stage.RunAsync("backup", "--mode", "online"));
        Assert.Contains(Catalogue.PointUnverified.Code, stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_tells_when_all_of_it_was_read_last()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "content");
        await stage.RunAsync("check", "--only", "repository");
        Assert.Contains("no backup of this machine has read anything back yet", stage.Output, StringComparison.Ordinal);
        await stage.RunAsync("backup", "--mode", "online");
        await stage.RunAsync("check", "--only", "repository");
        Assert.Contains("every pack that is older than less than a minute has been read back since", stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Turns_of_a_bounded_size_read_every_pack_once_a_round()
    {
        await using var forge = await Forge.MakeAsync();
        for (var i = 0; i < 12; i++) await forge.SaveAsync(BlobType.Data, [(byte)i]);
        var repository = await forge.ReopenAsync();
        var (after, read, turns) = (default(Id), 0L, 0);
        for (var ended = false; !ended; turns++)
        {
            var turn = new ReadTurn(after) { Least = 1, Most = 300, Parts = 1000 };
            var report = await repository.CheckAsync(new CheckOptions { Turn = turn, FromDisk = true }, Now);
            Assert.InRange(report.PacksRead, 1, 12);
            (after, ended, read) = (report.Turn!.Last, report.Turn.EndsRound, read + report.PacksRead);
        }
        Assert.Equal(12, read);
        Assert.Equal(12, turns);
    }

    [Fact]
    public async Task What_this_process_has_stored_is_read_back_whatever_the_turn()
    {
        await using var forge = await Forge.MakeAsync();
        await forge.SaveAsync(BlobType.Data, [1]);
        var repository = await forge.ReopenAsync();
        Assert.Equal(0, (await repository.CheckAsync(new CheckOptions { OwnPacks = true }, Now)).PacksRead);
        await using var writer = await repository.BeginSnapshotAsync(null, Now);
        await writer.AddStreamAsync("/a", new MemoryStream([2]), null, Now);
        await writer.CommitAsync(new Holdfast.Restic.Archiving.SnapshotHeader { Paths = ["/"], Hostname = "test" }, Now);
        Assert.Equal(2, (await repository.CheckAsync(new CheckOptions { OwnPacks = true }, Now)).PacksRead);
        foreach (var pack in forge.Backend.Names(FileKind.Pack)) forge.Backend[FileKind.Pack, pack][3] ^= 1;
        var report = await repository.CheckAsync(new CheckOptions { OwnPacks = true, Turn = new ReadTurn(default) }, Now);
        Assert.False(report.IsClean);
        Assert.False(report.Turn!.IsWhole);
    }

    private static void Bend(string pack)
    {
        var bytes = File.ReadAllBytes(pack);
        bytes[20] ^= 1; // in the first blob, which the trees of the next backup do not need
        File.SetUnixFileMode(pack, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(pack, bytes);
    }
}
