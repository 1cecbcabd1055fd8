using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
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

    /// <summary>Not more entries than a machine may have, but far more than the trees have: a walk would take hours.</summary>
    [Fact]
    public async Task A_walk_and_a_forecast_of_folders_that_unfold_to_millions_are_refused()
    {
        await using var forge = await Forge.MakeAsync();
        using var folder = new TempFolder();
        var snapshot = await MakeAsync(forge, levels: 28, wide: 2);
        var search = await Assert.ThrowsAsync<ResticException>(() => forge.Repository.HasFittingAsync(snapshot, "/", ["nothing-of-this-name"], [], Now));
        Assert.Contains("with 56 stored", search.Message, StringComparison.Ordinal);
        var some = new RestoreOptions { Include = ["nothing-of-this-name"] };
        var forecast = await Assert.ThrowsAsync<ResticException>(() => forge.Repository.ForecastAsync(snapshot, "/", folder.Path, some, Now));
        Assert.Equal(ResticError.Damaged, forecast.Error);
        Assert.Equal(0, (await forge.Repository.ForecastAsync(snapshot, "/", folder["new"], new RestoreOptions(), Now)).Spaces.Sum(space => space.Bytes));
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
