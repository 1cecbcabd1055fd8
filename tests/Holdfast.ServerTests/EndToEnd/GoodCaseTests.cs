using System.Text.Json.Nodes;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

public sealed class GoodCaseTests
{
    [Fact]
    public async Task A_platform_of_files_goes_round_and_the_stock_restic_agrees()
    {
        using var scene = new Scene();
        var before = await scene.FillAsync();

        (await scene.RunAsync("init", "--yes")).Succeeded();
        (await scene.RunAsync("backup", "--plan")).Succeeded();
        Assert.Equal(0, await scene.CountPointsAsync());
        (await scene.RunAsync("backup")).Succeeded();
        (await scene.RunAsync("repo", "check", "--read-data")).Succeeded();

        var points = (await scene.RunAsync("points", "list")).Succeeded();
        Assert.Contains("scene", points.Output, StringComparison.Ordinal);
        Assert.Contains("etc/plain", (await scene.RunAsync("points", "files", "latest")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(scene.Profile).TrimEnd(), (await scene.RunAsync("points", "profile", "latest")).Succeeded().Output.TrimEnd());
        await scene.NothingIsLostAsync(before);
    }

    [Theory]
    [InlineData(true, 1024)]
    [InlineData(false, 32768)]
    public async Task Only_a_password_that_was_generated_is_stretched_little_and_the_stock_restic_opens_either(bool generate, int cost)
    {
        using var scene = new Scene();
        await scene.FillAsync();
        if (generate) File.Delete(scene.PasswordFile);

        (await scene.RunAsync(generate ? ["init", "--yes", "--generate-password"] : ["init", "--yes"])).Succeeded();
        (await scene.RunAsync("backup")).Succeeded();

        var key = JsonNode.Parse(await File.ReadAllTextAsync(Directory.GetFiles($"{scene.Repository}/keys").Single(), TestContext.Current.CancellationToken))!;
        Assert.Equal(cost, (int)key["N"]!);
        var password = File.ReadAllText(scene.PasswordFile).TrimEnd();
        Assert.Equal(generate ? 39 : Scene.Password.Length, password.Length);
        (await scene.Restic.RunAsync(scene.Repository, password, "check", "--read-data")).Succeeded();
    }

    [Fact]
    public async Task The_stock_restic_restores_the_files_of_a_point()
    {
        using var scene = await Scene.WithPointAsync();
        var target = scene["by-restic"];

        (await scene.Restic.RunAsync(scene.Repository, Scene.Password, "restore", "latest", "--target", target)).Succeeded();

        // restic 0.14 leaves the times of links and does not care about the mode of what it can't name; nothing else may differ.
        Assert.Empty((await Tree.ListAsync(scene.Source)).Differences(await Tree.ListAsync($"{target}/files{scene.Source}")));
    }

    [Fact]
    public async Task A_second_backup_of_the_same_adds_next_to_nothing()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 8);
        var before = Weight(scene.Repository);

        (await scene.RunAsync("backup")).Succeeded();

        Assert.Equal(2, await scene.CountPointsAsync());
        Assert.InRange(Weight(scene.Repository) - before, 0, 64 * 1024);
    }

    [Fact]
    public async Task Restored_in_place_the_files_are_back_and_the_changed_ones_stand_aside()
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        File.Delete(Path.Combine(scene.Source, "etc/deep/3.conf"));
        File.WriteAllText(Path.Combine(scene.Source, "etc/deep/4.conf"), "changed since");

        (await scene.RunAsync("restore", "--yes")).Succeeded();

        var after = await Tree.ListAsync(scene.Source);
        var aside = Assert.Single(after.Entries.Keys.Except(before.Entries.Keys, StringComparer.Ordinal));
        Assert.Matches("^etc/deep/\\.4\\.conf\\.before-.+~$", aside);
        Assert.Equal("changed since", File.ReadAllText(Path.Combine(scene.Source, aside)));
        Each.Holds(before.Entries.Where(entry => entry.Value.Type == "f"), entry => Assert.Equal(entry.Value, after.Entries[entry.Key]));
    }

    [Fact]
    public async Task What_differs_between_two_points_is_told()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 0);
        const string change = """cd "$1"; echo more >>etc/plain; ln -sfn elsewhere dangling; rm etc/deep/3.conf; mkdir etc/new; chmod 640 etc/deep/4.conf""";
        (await Command.BashAsync(change, scene.Source)).Succeeded();
        (await scene.RunAsync("backup")).Succeeded();
        var list = (await scene.RunAsync("points", "list", "--json")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var ids = list.Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!).Where(told => (string)told["event"]! == "point").Select(told => (string)told["id"]!).ToList();

        var told = (await scene.RunAsync("points", "diff", ids[0], ids[1])).Succeeded().Output.Split('\n');

        Assert.Contains($"M /files{scene.Source}/etc/plain (5 B -> 10 B)", told);
        Assert.Contains($"M /files{scene.Source}/dangling (nowhere -> elsewhere)", told);
        Assert.Contains($"- /files{scene.Source}/etc/deep/3.conf", told);
        Assert.Contains($"+ /files{scene.Source}/etc/new", told);
        Assert.Contains($"m /files{scene.Source}/etc/deep/4.conf", told);
        Assert.DoesNotContain(told, line => line.Contains("5.conf", StringComparison.Ordinal));
    }

    private static long Weight(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
