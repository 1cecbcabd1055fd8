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

    /// <summary>Nobody answers behind it, and nobody need: the kernel lets only the user who has mounted it in.</summary>
    [Theory]
    [InlineData("[DISK/data]", true)]
    [InlineData("[DISK/data, DISK/data/far]", false)]
    public async Task A_mount_of_a_user_that_root_cannot_see_into_is_left_out_and_spoils_nothing_that_the_profile_does_not_name(string selected, bool complete)
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("data/good", "x");
        rig.Disk.Write("data/far/covered", "x");
        var mounted = await Command.BashAsync("""exec 9<>/dev/fuse && mount -i -t fuse.far -o fd=9,rootmode=40000,user_id=65534,group_id=65534 far "$1" """, rig.Disk["data/far"]);
        Require.That(mounted.ExitCode == 0, "Mounting a file system in user space is not possible here.");
        try
        {
            var point = await rig.CaptureAsync(rig.Component($"groups: {{ All: {selected} }}"));
            Assert.Equal(["data/good"], await rig.ListAsync(point));
            Assert.Equal(complete, rig.Record.Complete);
            Assert.Contains(rig.Step.Warned, warned => warned.Message.Contains(rig.Disk["data/far"], StringComparison.Ordinal));
            Assert.Equal(complete, rig.Step.Warned.All(warned => warned is { Code: "HF-FILES-MOUNT", Exit: ExitCode.Success }));
        }
        finally
        {
            (await Command.RunAsync("umount", ["-l", rig.Disk["data/far"]])).Succeeded();
        }
    }
}
