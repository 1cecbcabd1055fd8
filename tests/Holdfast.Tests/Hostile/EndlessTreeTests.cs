using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>A dozen trees that make more folders than all machines have.</summary>
public sealed class EndlessTreeTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_walk_without_an_end_is_refused()
    {
        await using var forge = await Forge.MakeAsync();
        var snapshot = await MakeAsync(forge, levels: 12, wide: 10);
        var walk = await Assert.ThrowsAsync<ResticException>(async () =>
        {
            await foreach (var _ in forge.Repository.WalkAsync(snapshot, cancellation: Now)) continue;
        });
        Assert.Equal(ResticError.Damaged, walk.Error);
        var search = await Assert.ThrowsAsync<ResticException>(() => forge.Repository.HasFittingAsync(snapshot, "/", ["nothing-of-this-name"], [], Now));
        Assert.Equal(ResticError.Damaged, search.Error);
        Assert.True((await forge.Repository.CheckAsync(new CheckOptions(), Now)).IsClean);
    }

    [Fact]
    public async Task Many_equal_folders_are_walked()
    {
        await using var forge = await Forge.MakeAsync();
        var snapshot = await MakeAsync(forge, levels: 4, wide: 17);
        var count = 0;
        await foreach (var _ in forge.Repository.WalkAsync(snapshot, cancellation: Now)) count++;
        Assert.Equal(17 + 17 * 17 + 17 * 17 * 17 + 17 * 17 * 17 * 17, count);
    }

    [Fact]
    public async Task A_check_of_damage_below_a_walk_without_an_end_ends()
    {
        await using var forge = await Forge.MakeAsync();
        var leaf = await forge.SaveTreeAsync(Forge.File("f", 1, Id.Hash("nowhere"u8)));
        await MakeAsync(forge, levels: 12, wide: 10, leaf);
        Assert.False((await forge.Repository.CheckAsync(new CheckOptions(), Now)).IsClean);
    }

    private static async Task<Snapshot> MakeAsync(Forge forge, int levels, int wide, Id? leaf = null)
    {
        var tree = leaf ?? await forge.SaveTreeAsync();
        for (var level = 0; level < levels; level++)
        {
            var below = tree;
            tree = await forge.SaveTreeAsync([.. Enumerable.Range(0, wide).Select(number => Forge.Folder($"d{number:d2}", below))]);
        }
        return await forge.SaveSnapshotAsync(tree);
    }
}
