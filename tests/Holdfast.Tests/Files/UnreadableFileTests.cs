using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>
/// Root may read everything, so that files which really can't be read are borrowed from the kernel: the memory of a process
/// that has ended can't be opened, and the first page of a living one's can be opened but not read, like a bad sector.
/// </summary>
public sealed class UnreadableFileTests
{
    [Theory]
    [InlineData("/proc/self/mem")] // that of mount itself, which has ended when the file is opened
    [InlineData("/proc/PID/mem")]
    public async Task A_file_that_can_not_be_read_is_left_out_and_the_rest_is_captured(string unreadable)
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/good", "x");
        var bad = rig.Disk.Write("etc/bad", "");
        var mounted = await Command.RunAsync("mount", ["--bind", unreadable.Replace("PID", $"{Environment.ProcessId}", StringComparison.Ordinal), bad]);
        Require.That(mounted.ExitCode == 0, "Mounting is not possible here.");
        try
        {
            var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc] }"));
            Assert.Equal(["etc/good"], await rig.ListAsync(point));
            var problem = Assert.Single(rig.Step.Warned);
            Assert.Equal(Catalogue.FilesUnreadable.Code, problem.Code);
            Assert.Contains(bad, problem.Message);
            Assert.False(rig.Record.Complete);
        }
        finally
        {
            (await Command.RunAsync("umount", [bad])).Succeeded();
        }
    }
}
