using Holdfast.Restic.Restoring;
using Xunit;

namespace Holdfast.Tests.Restoring;

public sealed class RestoreForecastTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_is_summed_up_without_holes_and_without_what_is_there()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            Directory.CreateDirectory(folder + "sub");
            File.WriteAllBytes(folder + "sub/a", new byte[1000]);
            File.WriteAllBytes(folder + "b", new byte[500]);
            using var sparse = File.Create(folder + "sparse");
            sparse.SetLength(100 << 20);
        });
        Assert.InRange(Assert.Single((await ForecastAsync(archived)).Spaces).Bytes, 1500, 17 << 20);
        await archived.RestoreAsync();
        Assert.Empty((await ForecastAsync(archived)).Spaces);
        File.WriteAllBytes(archived.Target + "/b", new byte[499]);
        Assert.Equal(500, Assert.Single((await ForecastAsync(archived)).Spaces).Bytes);
        Assert.InRange((await ForecastAsync(archived, new RestoreOptions { Existing = ExistingFiles.Overwrite })).Spaces.Sum(space => space.Bytes), 0, 499);
        Assert.Empty((await ForecastAsync(archived, new RestoreOptions { Include = ["/sub"] })).Spaces);
    }

    [Fact]
    public async Task A_few_trees_that_unfold_to_billions_of_paths_are_summed_up_at_once()
    {
        await using var archived = await Archived.MakeAsync(_ => { });
        await archived.ForgeAsync(content => [Forgery.File("f", content) with { User = "no such user", Uid = 7 }]);
        var tree = (await archived.Repository.FindNodeAsync(archived.Snapshot, archived.Source, Now))!.Subtree!.Value;
        for (var level = 0; level < 12; level++)
            tree = await Forgery.SaveTreeAsync(archived.Repository, [.. Enumerable.Range(0, 10).Select(number => Forgery.Folder($"{number}", tree))]);
        await archived.ForgeAsync(_ => [Forgery.Folder("d", tree)]);
        var forecast = await ForecastAsync(archived);
        Assert.Equal(1_000_000_000_000L * Forgery.Text.Length, Assert.Single(forecast.Spaces).Bytes);
        Assert.Equal(new ForecastOwner(IsGroup: false, "no such user", 7, Here: null), Assert.Single(forecast.Owners));
    }

    private static Task<RestoreForecast> ForecastAsync(Archived archived, RestoreOptions? options = null) =>
        archived.Repository.ForecastAsync(archived.Snapshot, archived.Source, archived.Target, options ?? new RestoreOptions(), Now);
}
