using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

public sealed class RestoreTroubleTests
{
    [Fact]
    public async Task What_stands_in_a_target_is_never_overwritten_unasked()
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        var target = scene["target"];
        var standing = target + scene.Source + "/etc/plain";
        Directory.CreateDirectory(Path.GetDirectoryName(standing)!);
        File.WriteAllText(standing, "mine");

        var result = await scene.RunAsync("restore", "--target", target, "--yes");

        result.Succeeded();
        var aside = Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(standing)!, ".plain.before-*"));
        Assert.Equal("mine", File.ReadAllText(aside));
        Assert.Equal("plain", File.ReadAllText(standing));
        Assert.Contains(aside, result.Output + result.Errors, StringComparison.Ordinal);
        await scene.NothingIsLostAsync(before);
    }

    [Fact]
    public async Task A_full_target_is_told_and_the_next_run_ends_well()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 20);
        var before = await Tree.ListAsync(scene.Source);
        var target = scene["target"];
        Directory.CreateDirectory(target);
        scene.Space = await MountSpace.MakeAsync();
        await scene.Space.MountSmallAsync(target, "8m");

        await scene.FailsAsync(Catalogue.TargetFull, "restore", "--target", target, "--yes");

        await scene.Space.EnlargeAsync(target, "100m");
        (await scene.RunAsync("restore", "--target", target, "--yes", "--overwrite")).Succeeded();
        scene.Space.Dispose();
        scene.Space = null;
        await scene.NothingIsLostAsync(before);
    }

    [Fact]
    public async Task What_the_profile_does_not_select_comes_back_from_points_of_this_machine_and_from_others_when_it_is_confirmed()
    {
        using var scene = new Scene();
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(scene["more"]).FullName, "cron"), "job");
        var profile = scene.Profile;
        scene.WriteProfile("scene", $$"""files: { groups: { all: ["{{scene.Source}}", "{{scene["more"]}}"] } }""");
        File.WriteAllText(Path.Combine(scene.Source, "plain"), "x");
        await scene.MakeRepositoryAsync();
        (await scene.RunAsync("backup")).Succeeded();
        scene.WriteProfile("scene", $$"""files: { groups: { all: ["{{scene.Source}}"] } }""");
        Assert.Equal(profile, scene.Profile);
        var named = Path.Combine(scene["more"], "cron");

        File.Delete(named);
        (await scene.RunAsync("restore", "--yes")).Succeeded();
        Assert.Equal("job", File.ReadAllText(named));

        Directory.Move(scene["state"], scene["state of another machine"]);
        File.Delete(named);
        var result = await scene.RunAsync("restore", "--yes");
        Assert.Equal((int)Catalogue.RestoreUnselected.Exit, result.ExitCode);
        Assert.Contains($"[{Catalogue.RestoreUnselected.Code}]", result.Errors, StringComparison.Ordinal);
        Assert.Contains(named, result.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(named));
        Assert.Contains($"left out unless that is confirmed: {named}", (await scene.RunAsync("restore", "--plan")).Succeeded().Output, StringComparison.Ordinal);
        (await scene.RunAsync("restore", "--yes", "--unselected")).Succeeded();
        Assert.Equal("job", File.ReadAllText(named));
    }

    [Theory]
    [InlineData("deadbeef")]
    [InlineData("no such thing")]
    public async Task A_point_that_is_not_there_is_told(string point)
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 0);

        await scene.FailsAsync(Catalogue.PointMissing, "restore", point, "--target", scene["target"], "--yes");

        Assert.False(Directory.Exists(scene["target"] + scene.Source));
    }

    [Fact]
    public async Task Without_an_answer_nothing_is_restored_in_place()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 0);
        File.WriteAllText(Path.Combine(scene.Source, "etc/plain"), "changed since");
        var before = await Tree.ListAsync(scene.Source);

        var result = await scene.RunAsync("restore");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("--yes", result.Errors, StringComparison.Ordinal);
        Assert.Empty(before.Differences(await Tree.ListAsync(scene.Source)));
    }

    [Fact]
    public async Task A_name_with_a_line_break_goes_round_and_can_not_forge_a_line_of_the_list()
    {
        using var scene = new Scene();
        File.WriteAllText(Path.Combine(scene.Source, "first\nsecond"), "both");
        await scene.MakeRepositoryAsync();
        (await scene.RunAsync("backup")).Succeeded();

        var list = (await scene.RunAsync("points", "files", "latest")).Succeeded().Output;

        Assert.DoesNotContain("\nsecond", list, StringComparison.Ordinal);
        await scene.NothingIsLostAsync(await Tree.ListAsync(scene.Source));
    }
}
