using Xunit;

namespace Holdfast.Tests.Restoring;

/// <summary>Names, paths and depths as far as Linux lets them go.</summary>
public sealed class RestoreLimitTests
{
    private const int LongestPath = 4095;

    [Fact]
    public async Task Names_of_255_bytes_are_moved_aside_whatever_they_are()
    {
        var names = new[] { new string('f', 255), new string('d', 255), new string('é', 127) };
        await using var archived = await Archived.MakeAsync(folder =>
        {
            foreach (var name in names) File.WriteAllText(folder + name, "new");
        });
        Directory.CreateDirectory($"{archived.Target}/{names[1]}");
        foreach (var name in new[] { names[0], names[2] }) File.WriteAllText($"{archived.Target}/{name}", "old");
        var report = await archived.RestoreAsync();
        Assert.Equal((3, 0), (report.MovedAside.Count, report.Failures.Count));
        foreach (var name in names) Assert.Equal("new", File.ReadAllText($"{archived.Target}/{name}"));
    }

    [Fact]
    public async Task A_path_of_4095_bytes_comes_back_in_place_of_another()
    {
        var path = "";
        await using var archived = await Archived.MakeAsync(folder =>
        {
            var at = folder + "d";
            while (LongestPath - at.Length > 202) at += "/" + new string('x', 200);
            Directory.CreateDirectory(at);
            at += "/" + new string('y', LongestPath - at.Length - 1);
            File.WriteAllText(at, "new");
            path = at[(folder.Length - 1)..];
        });
        Assert.Empty((await archived.RestoreAsync()).Failures);
        File.WriteAllText(archived.Target + path, "old");
        var report = await archived.RestoreAsync();
        Assert.Equal((1, 0), (report.MovedAside.Count, report.Failures.Count));
        Assert.Equal("new", File.ReadAllText(archived.Target + path));
    }

    [Fact]
    public async Task Folders_2000_deep_are_restored_and_found_again_with_few_open_at_a_time()
    {
        const int depth = 2000;
        await using var archived = await Archived.MakeAsync(_ => { });
        await archived.ForgeAsync(content => [Forgery.File("f", content)]);
        var tree = (await archived.Repository.FindNodeAsync(archived.Snapshot, archived.Source, TestContext.Current.CancellationToken))!.Subtree!.Value;
        for (var level = 1; level < depth; level++)
            tree = await Forgery.SaveTreeAsync(archived.Repository, [Forgery.Folder("d", tree)]);
        await archived.ForgeAsync(_ => [Forgery.Folder("d", tree)]);
        var report = await archived.RestoreAsync();
        Assert.Equal((1, depth, 0), (report.Files, report.Directories, report.Failures.Count));
        Assert.Equal(depth + 1, (await archived.RestoreAsync()).Kept);
    }
}
