using Holdfast.ServerTests.EndToEnd;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

public sealed class MountedPlacesTests
{
    [Fact]
    public async Task A_file_that_another_is_mounted_on_is_written_in_place_and_a_read_only_mount_costs_only_what_lies_in_it()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 0);
        var (mounted, apart, locked) = (Path.Combine(scene.Source, "mounted"), scene["apart"], Directory.CreateDirectory(Path.Combine(scene.Source, "locked")).FullName + "/f");
        File.WriteAllText(mounted, "plain");
        File.WriteAllText(locked, "captured");
        (await scene.RunAsync("backup")).Succeeded();
        foreach (var file in new[] { locked, apart }) File.WriteAllText(file, "changed since");
        scene.Space = await MountSpace.MakeAsync();
        await scene.Space.MountFileAsync(apart, mounted);
        await scene.Space.MakeReadOnlyAsync(Path.GetDirectoryName(locked)!);

        var result = await scene.RunAsync("restore", "--yes");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains(locked, result.Output + result.Errors, StringComparison.Ordinal);
        Assert.Equal(("plain", "changed since"), (File.ReadAllText(apart), File.ReadAllText(locked)));
        Assert.Equal("changed since", File.ReadAllText(Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(mounted)!, ".mounted.before-*"))));
    }
}
