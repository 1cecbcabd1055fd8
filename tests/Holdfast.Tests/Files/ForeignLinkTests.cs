using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>Links in what is selected, made by the user of a service who would like to choose what of the machine is captured.</summary>
public sealed class ForeignLinkTests
{
    [Theory]
    [InlineData("DISK/app/*.yaml", "app/b.yaml")]
    [InlineData("DISK/app/b.yaml", "app/b.yaml")]
    [InlineData("DISK/app/**/*.yaml", "app/b.yaml")]
    public async Task A_link_of_somebody_else_is_captured_as_a_link_and_the_point_says_that_its_target_is_missing(string selected, string link)
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        var secret = rig.Disk.Write("root/shadow", "x");
        rig.Disk.Folder("app");
        File.CreateSymbolicLink(rig.Disk[link], secret);
        await GiveAwayAsync(rig.Disk["app"]);
        var point = await rig.CaptureAsync(rig.Component($"groups: {{ App: ['{selected}'] }}"));
        Assert.Equal([link], await rig.ListAsync(point));
        var problem = Assert.Single(rig.Step.Warned);
        Assert.Equal(Catalogue.FilesLink.Code, problem.Code);
        Assert.Contains(rig.Disk[link], problem.Message);
        Assert.Contains(secret, problem.Message);
        Assert.False(rig.Record.Complete);
    }

    [Fact]
    public async Task A_folder_of_a_service_that_was_swapped_for_a_link_brings_nothing_in()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("root/app.conf", "x");
        rig.Disk.Folder("srv");
        File.CreateSymbolicLink(rig.Disk["srv/conf"], "../root");
        await GiveAwayAsync(rig.Disk["srv"]);
        var point = await rig.CaptureAsync(rig.Component("groups: { App: [DISK/srv/conf/app.conf, 'DISK/srv/conf/*'] }"));
        Assert.Equal(["srv/conf"], await rig.ListAsync(point));
        Assert.False(rig.Record.Complete);
    }

    [Fact]
    public async Task A_link_of_roots_own_in_a_folder_that_others_may_write_is_not_followed()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        var secret = rig.Disk.Write("root/shadow", "x");
        rig.Disk.Folder("open");
        File.CreateSymbolicLink(rig.Disk["open/a"], secret);
        File.SetUnixFileMode(rig.Disk["open"], (UnixFileMode)0b111_111_111);
        var point = await rig.CaptureAsync(rig.Component("groups: { App: ['DISK/open/*'] }"));
        Assert.Equal(["open/a"], await rig.ListAsync(point));
        Assert.Equal([Catalogue.FilesLink.Code], rig.Step.Warned.Select(problem => problem.Code), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_chain_is_as_good_as_its_worst_link()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        var secret = rig.Disk.Write("root/shadow", "x");
        rig.Disk.Folder("app");
        File.CreateSymbolicLink(rig.Disk["app/second"], secret);
        await GiveAwayAsync(rig.Disk["app"]);
        File.CreateSymbolicLink(rig.Disk["first"], "app/second");
        var point = await rig.CaptureAsync(rig.Component("groups: { App: [DISK/first] }"));
        Assert.Equal(["app/second", "first"], await rig.ListAsync(point));
        Assert.Equal([Catalogue.FilesLink.Code], rig.Step.Warned.Select(problem => problem.Code), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_link_of_somebody_else_to_what_is_selected_anyway_is_nothing_to_speak_of()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("app/releases/7/app.conf", "x");
        File.CreateSymbolicLink(rig.Disk["app/current"], "releases/7");
        await GiveAwayAsync(rig.Disk["app"]);
        var point = await rig.CaptureAsync(rig.Component("groups: { App: [DISK/app/current/app.conf, DISK/app/releases] }"));
        Assert.Equal(["app/current", "app/releases/7/app.conf"], await rig.ListAsync(point));
        Assert.Empty(rig.Step.Warned);
        Assert.True(rig.Record.Complete);
    }

    [Fact]
    public async Task A_link_to_the_root_is_refused_whoever_made_it()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Folder("etc");
        File.CreateSymbolicLink(rig.Disk["etc/everything"], "/");
        var point = await rig.CaptureAsync(rig.Component("groups: { App: ['DISK/etc/*'] }"));
        Assert.Equal(["etc/everything"], await rig.ListAsync(point));
        Assert.Equal([Catalogue.FilesLink.Code], rig.Step.Warned.Select(problem => problem.Code), StringComparer.Ordinal);
        Assert.False(rig.Record.Complete);
    }

    [Fact]
    public async Task A_configuration_of_somebody_else_can_not_bring_in_what_is_no_certificate()
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        var secret = rig.Disk.Write("root/shadow", "root:*:1:0:9:7:::");
        rig.Disk.Write("app/opensearch.yml", $"plugins.security.ssl.http.pemcert_filepath: {secret}\n");
        await GiveAwayAsync(rig.Disk["app"]);
        var point = await rig.CaptureAsync(rig.Component("groups: { App: [DISK/app] }"));
        Assert.Equal(["app/opensearch.yml"], await rig.ListAsync(point));
        Assert.Contains(rig.Step.Warned, problem => problem.Message.Contains(secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("proc")]
    [InlineData("sysfs")]
    [InlineData("devtmpfs")]
    public async Task A_file_system_of_the_kernel_is_skipped_wherever_it_is_mounted(string type)
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("jail/etc/app.conf", "x");
        rig.Disk.Folder("jail/kernel");
        var mounted = await Command.RunAsync("mount", ["-t", type, type, rig.Disk["jail/kernel"]]);
        Require.That(mounted.ExitCode == 0, $"Mounting {type} is not possible here.");
        try
        {
            var point = await rig.CaptureAsync(rig.Component("groups: { Jail: [DISK/jail] }"));
            Assert.Equal(["jail/etc/app.conf"], await rig.ListAsync(point));
            Assert.Contains(rig.Step.Noted, note => note.Contains(rig.Disk["jail/kernel"], StringComparison.Ordinal) && note.Contains(type, StringComparison.Ordinal));
            Assert.True(rig.Record.Complete);
        }
        finally
        {
            (await Command.RunAsync("umount", [rig.Disk["jail/kernel"]])).Succeeded();
        }
    }

    private static async Task GiveAwayAsync(string path) => (await Command.RunAsync("chown", ["-R", "-h", "nobody", path])).Succeeded();
}
