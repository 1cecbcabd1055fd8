using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>Blobs whose lengths are a lie, and blobs whose pack is gone.</summary>
public sealed class ForgedPackTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static TheoryData<uint, uint> Lies { get; } = new()
    {
        { 64, uint.MaxValue },
        { 64, 1u << 31 },
        { 64, 1 << 30 },
        { uint.MaxValue, 0 },
        { 1u << 31, 0 },
        { 3, 0 },
        { uint.MaxValue, uint.MaxValue },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_blob_of_an_impossible_length_costs_its_file_alone_and_is_named_by_check(uint length, uint plain)
    {
        await using var forge = await Forge.MakeAsync();
        var good = await forge.SaveAsync(BlobType.Data, "good"u8.ToArray());
        var bad = await forge.SaveForgedAsync(BlobType.Data, new byte[1000], plain, say: blob => blob with { Length = length });
        var tree = await forge.SaveTreeAsync(Forge.File("bad", 1000, bad), Forge.File("good", 4, good));
        var snapshot = await forge.SaveSnapshotAsync(tree);
        var repository = await forge.ReopenAsync();
        using var target = new TempFolder();
        var report = await repository.RestoreAsync(snapshot, "/", target["out"], new RestoreOptions(), Now);
        Assert.Equal(["bad"], report.Failures.Select(node => Path.GetFileName(node.Path)), StringComparer.Ordinal);
        Assert.Equal(["good"], Directory.GetFiles(target["out"]).Select(Path.GetFileName), StringComparer.Ordinal);
        var check = await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now);
        Assert.Contains(check.Damages, damage => damage.Affected.Any(path => path.Path == "/bad"));
        Assert.DoesNotContain(check.Damages, damage => damage.Affected.Any(path => path.Path == "/good"));
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_tree_of_an_impossible_length_is_damage_and_the_next_snapshot_does_without_it(uint length, uint plain)
    {
        await using var forge = await Forge.MakeAsync();
        var bad = await forge.SaveForgedAsync(BlobType.Tree, new byte[1000], plain, say: blob => blob with { Length = length });
        var snapshot = await forge.SaveSnapshotAsync(bad);
        var repository = await forge.ReopenAsync();
        Assert.Equal(ResticError.Damaged, (await Assert.ThrowsAsync<ResticException>(() => repository.ReadTreeAsync(bad, Now))).Error);
        Assert.NotEmpty((await repository.CheckAsync(new CheckOptions(), Now)).Damages);
        await using var writer = await repository.BeginSnapshotAsync(snapshot, Now);
        await writer.AddStreamAsync("/a", new MemoryStream([1]), null, Now);
        Assert.NotNull(await repository.FindNodeAsync(await writer.CommitAsync(new Holdfast.Restic.Archiving.SnapshotHeader { Paths = ["/"], Hostname = "test" }, Now), "/a", Now));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3)]
    public async Task A_file_whose_size_is_not_that_of_its_blobs_is_no_success(ulong size)
    {
        await using var forge = await Forge.MakeAsync();
        var four = await forge.SaveAsync(BlobType.Data, "four"u8.ToArray());
        var tree = await forge.SaveTreeAsync(Forge.File("f", size, four), Forge.File("g", 9) with { Content = null });
        var snapshot = await forge.SaveSnapshotAsync(tree);
        using var target = new TempFolder();
        var report = await forge.Repository.RestoreAsync(snapshot, "/", target["out"], new RestoreOptions(), Now);
        Assert.Equal(2, report.Failures.Count);
        var node = await forge.Repository.FindNodeAsync(snapshot, "/f", Now);
        await using var content = forge.Repository.OpenFile(node!);
        Assert.Equal(ResticError.Damaged, (await Assert.ThrowsAsync<ResticException>(() => content.CopyToAsync(Stream.Null, Now))).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_blob_whose_pack_is_lost_is_read_from_another_one_that_has_it(bool truncated)
    {
        await using var forge = await Forge.MakeAsync();
        var content = "twice in the repository"u8.ToArray();
        var blob = await forge.SaveAsync(BlobType.Data, content);
        var tree = await forge.SaveTreeAsync(Forge.File("f", (ulong)content.Length, blob));
        var snapshot = await forge.SaveSnapshotAsync(tree);
        var first = forge.Backend.Names(FileKind.Pack).ToHashSet(StringComparer.Ordinal);
        await forge.SaveForgedAsync(BlobType.Data, content, 0);
        await forge.SaveForgedAsync(BlobType.Tree, TreeCodec.Encode([Forge.File("f", (ulong)content.Length, blob)]), 0);
        foreach (var pack in first)
        {
            if (truncated) forge.Backend[FileKind.Pack, pack] = forge.Backend[FileKind.Pack, pack][..10];
            else await forge.Backend.RemoveAsync(FileKind.Pack, pack, Now);
        }
        var repository = await forge.ReopenAsync();
        using var target = new TempFolder();
        var report = await repository.RestoreAsync(snapshot, "/", target["out"], new RestoreOptions(), Now);
        Assert.Empty(report.Failures);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(target["out"], "f"), Now));
        Assert.Equal(content, await ReadAsync(repository, snapshot));
        var check = await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now);
        Each.Holds(check.Damages, damage => Assert.Empty(damage.Affected));
        Assert.NotEmpty(check.Damages);
    }

    [Fact]
    public async Task A_lost_pack_is_damage_whatever_is_asked_of_the_point()
    {
        await using var forge = await Forge.MakeAsync();
        var tree = await forge.SaveTreeAsync(Forge.File("f", 0));
        var snapshot = await forge.SaveSnapshotAsync(tree);
        foreach (var pack in forge.Backend.Names(FileKind.Pack)) await forge.Backend.RemoveAsync(FileKind.Pack, pack, Now);
        var repository = await forge.ReopenAsync();
        Assert.Equal(ResticError.Damaged, (await Assert.ThrowsAsync<ResticException>(() => repository.FindNodeAsync(snapshot, "/f", Now))).Error);
        Assert.Equal(ResticError.NoSuchName, (await Assert.ThrowsAsync<ResticException>(() => repository.FindSnapshotAsync("abcdef", Now))).Error);
    }

    private static async Task<byte[]> ReadAsync(Repository repository, Snapshot snapshot)
    {
        await using var file = repository.OpenFile((await repository.FindNodeAsync(snapshot, "/f", Now))!);
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes, Now);
        return bytes.ToArray();
    }
}
