using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>Root may read everything, so that a file that really can't be read has a path longer than the kernel takes.</summary>
public sealed class UnreadableFileTests
{
    [Fact]
    public async Task A_file_that_can_not_be_read_is_left_out_and_the_rest_is_captured()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/good", "x");
        (await Command.BashAsync("""cd "$1"; name=$(printf 'n%.0s' {1..250}); for i in {1..17}; do mkdir $name && cd $name; done; touch deepest""", rig.Disk["etc"])).Succeeded();
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc] }"));
        Assert.Contains("etc/good", await rig.ListAsync(point));
        Assert.Equal(Catalogue.FilesUnreadable.Code, Assert.Single(rig.Step.Warned).Code);
        Assert.False(rig.Record.Complete);
    }

    /// <summary>The memory of a process is bound over a file: it can be opened but not read, and lies in a file system of the kernel.</summary>
    [Fact]
    public async Task A_file_of_the_kernel_that_is_bound_over_another_one_is_never_read()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/good", "x");
        var bad = rig.Disk.Write("etc/bad", "");
        var mounted = await Command.RunAsync("mount", ["--bind", $"/proc/{Environment.ProcessId}/mem", bad]);
        Require.That(mounted.ExitCode == 0, "Mounting is not possible here.");
        try
        {
            var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc] }"));
            Assert.Equal(["etc/good"], await rig.ListAsync(point));
            Assert.Contains(rig.Step.Noted, note => note.Contains(bad, StringComparison.Ordinal));
            Assert.Empty(rig.Step.Warned);
        }
        finally
        {
            (await Command.RunAsync("umount", [bad])).Succeeded();
        }
    }
}
