using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>Files of the repository that are cut short or have one flipped bit: check names them, restore never hands out wrong bytes.</summary>
public sealed class DamageTests
{
    [Theory]
    [InlineData("data", "truncate")]
    [InlineData("data", "flip")]
    [InlineData("data", "remove")]
    [InlineData("index", "truncate")]
    [InlineData("index", "flip")]
    [InlineData("snapshots", "truncate")]
    [InlineData("snapshots", "flip")]
    public async Task Damage_is_named_and_never_restored(string kind, string damage)
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        var victim = new DirectoryInfo(Path.Combine(scene.Repository, kind)).EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(file => file.Length)!;
        var whole = File.ReadAllBytes(victim.FullName);
        Damage(victim.FullName, whole, damage);

        var check = await scene.RunAsync("repo", "check", "--read-data");
        Assert.Equal((int)ExitCode.Damaged, check.ExitCode);
        Assert.Contains(victim.Name[..8], check.Output + check.Errors, StringComparison.Ordinal);

        var target = scene["target"];
        var restore = await scene.RunAsync("restore", "--target", target, "--yes", "--privileged-modes");
        Assert.NotEqual(0, restore.ExitCode);
        Assert.Matches(@"\[HF-[A-Z-]+\]\n +hint: ", restore.Errors);
        await NothingWrongStandsThereAsync(before, target + scene.Source);

        Repair(victim.FullName, whole);
        await scene.NothingIsLostAsync(before);
    }

    [Theory]
    [InlineData("truncate", "large")]
    [InlineData("remove", "large")]
    [InlineData("truncate", "all")]
    [InlineData("remove", "all")]
    public async Task After_a_pack_was_lost_the_hint_leads_to_backups_that_are_whole_again(string damage, string which)
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        var packs = new DirectoryInfo(Path.Combine(scene.Repository, "data")).EnumerateFiles("*", SearchOption.AllDirectories).OrderByDescending(file => file.Length).ToList();
        foreach (var pack in which == "all" ? packs : packs[..1]) Damage(pack.FullName, File.ReadAllBytes(pack.FullName), damage);

        var refused = await scene.FailsAsync(Catalogue.PointUnverified, "backup");
        Assert.Contains("'restic rebuild-index'", refused.Errors, StringComparison.Ordinal);
        var check = await scene.RunAsync("repo", "check");
        Assert.Contains(packs[0].Name, check.Output + check.Errors, StringComparison.Ordinal);
        (await scene.Restic.RunAsync(scene.Repository, Scene.Password, "rebuild-index")).Succeeded();

        (await scene.RunAsync("backup")).Succeeded();
        var target = scene["target"];
        (await scene.RunAsync("restore", "--target", target, "--yes", "--privileged-modes")).Succeeded();
        Assert.Empty(before.Differences(await Tree.ListAsync(target + scene.Source)));
        (await scene.RunAsync("backup")).Succeeded();
    }

    private static void Damage(string path, byte[] whole, string damage)
    {
        File.Delete(path);
        if (damage == "remove") return;
        var bytes = damage == "truncate" ? whole[..(whole.Length / 2)] : [.. whole];
        if (damage == "flip") bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }

    private static void Repair(string path, byte[] whole)
    {
        File.Delete(path);
        File.WriteAllBytes(path, whole);
    }

    /// <summary>A file with the name and size of one that was backed up has its content too; half a file is not left under its name.</summary>
    private static async Task NothingWrongStandsThereAsync(Tree before, string restored)
    {
        if (!Directory.Exists(restored)) return;
        foreach (var (path, entry) in (await Tree.ListAsync(restored)).Entries)
            if (entry.Type == "f" && before.Entries.TryGetValue(path, out var original))
                Assert.Equal(original.Hash, entry.Hash);
    }
}
