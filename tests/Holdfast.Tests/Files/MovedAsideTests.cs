using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>What a restore has moved aside is nobody's platform: the next backup leaves it out, and nothing else for it.</summary>
public sealed class MovedAsideTests
{
    private const string Run = "20261122T210405Z-00abcd";

    [Fact]
    public void Every_name_that_a_restore_gives_is_recognised()
    {
        var suffix = MovedAside.Suffix(RunId.At(new DateTimeOffset(2026, 11, 22, 21, 4, 5, TimeSpan.Zero), 0xabcd));
        Assert.Equal($".before-{Run}", suffix);
        string[] names = ["nginx.conf", ".profile", new string('x', 300), "a\nb", "ü"];
        Each.Holds(names.SelectMany(name => AsideName.All(name, suffix).Take(3)), name => Assert.True(MovedAside.IsFile(name), name));
        Assert.True(MovedAside.IsFile("main" + suffix));
        Assert.True(MovedAside.IsFile("opensearch.yml" + suffix.ToLowerInvariant()));
    }

    [Theory]
    [InlineData("nginx.conf.before-upgrade")]
    [InlineData(".nginx.conf.before-20261122~")]
    [InlineData("nginx.conf.before-20261122T210405Z-00abcd~")]
    [InlineData(".nginx.conf.before-20261122T210405Z-00abcd~.bak")]
    [InlineData(".nginx.conf.before-20261122T210405Z-00abcd.x~")]
    [InlineData("main.before-20261122T210405Z-00ABCD")]
    [InlineData(".before-20261122T210405Z-00abcd")]
    public void Nothing_else_is_taken_for_one(string name) => Assert.False(MovedAside.IsFile(name));

    [Theory]
    [InlineData("shop_before_20261122t210405z_00abcd", true)]
    [InlineData("shop_before_20261122T210405Z_00abcd", false)]
    [InlineData("shop_before_christmas", false)]
    [InlineData("_before_20261122t210405z_00abcd", false)]
    [InlineData("shop_before_20261122t210405z_00abcd_2", false)]
    public void Databases_go_by_their_own_form(string name, bool isAside) => Assert.Equal(isAside, MovedAside.IsDatabase(name));

    [Fact]
    public async Task The_next_backup_leaves_it_out_at_any_depth_and_says_so()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/app.conf", "now");
        rig.Disk.Write($"etc/.app.conf.before-{Run}~", "then");
        rig.Disk.Write($"etc/sub/.more.before-{Run}~/deep/file", "then");
        rig.Disk.Write("etc/sub/.more.before-christmas~", "mine");
        DataFolders.Postgres(rig.Disk, $"srv/main.before-{Run}");
        rig.Disk.Write("srv/readme", "x");
        var point = await rig.CaptureAsync(rig.Component("""
            groups:
              General: [DISK/etc/*, DISK/srv]
            """));

        Assert.Equal(["etc/app.conf", "etc/sub/.more.before-christmas~", "srv/readme"], await rig.ListAsync(point));
        Assert.Empty(rig.Step.Warned); // a data directory that is left out is no danger
        Assert.True(rig.Record.Complete);
        var omission = Assert.Single(rig.Record.Omissions!);
        string[] aside = [$"etc/.app.conf.before-{Run}~", $"etc/sub/.more.before-{Run}~", $"srv/main.before-{Run}"];
        Assert.Equal(string.Join(", ", aside.Select(name => rig.Disk[name])), omission.What);
        Assert.Contains(rig.Step.Noted, note => note.Contains("had moved aside is not in the recovery point", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_profile_that_names_it_in_full_captures_it()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write($"etc/.app.before-{Run}~/a", "then");
        rig.Disk.Write($"etc/.b.before-{Run}~", "then");
        var point = await rig.CaptureAsync(rig.Component($"""
            groups:
              General: [DISK/etc, DISK/etc/.app.before-{Run}~]
            """));
        Assert.Equal([$"etc/.app.before-{Run}~/a"], await rig.ListAsync(point));
        Assert.Equal(rig.Disk[$"etc/.b.before-{Run}~"], Assert.Single(rig.Record.Omissions!).What);
    }
}
