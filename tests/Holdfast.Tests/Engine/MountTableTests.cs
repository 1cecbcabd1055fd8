using Holdfast.Engine.Hosts;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class MountTableTests
{
    [Fact]
    public void Mount_points_are_decoded()
    {
        var table = """
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
            40 22 0:35 / /srv/my\040disk\011and\134more rw - tmpfs none rw

            """u8;
        Assert.Equal(["/", "/srv/my disk\tand\\more"], MountTable.Parse(table));
        Assert.Equal(["/a\uDCFFb\\04"], MountTable.Parse([.. "1 1 0:1 / /a"u8, 0xFF, .. "b\\04 rw - x y z\n"u8]));
    }

    [Theory]
    [InlineData("/srv/u/far away", "fuse.sshfs")]
    [InlineData("/srv/u", null)]
    [InlineData("/srv/u/far away/below", null)]
    [InlineData("/disk", null)]
    [InlineData("/twice", null)]
    [InlineData("/plain", "fuse")]
    public void A_file_system_in_user_space_is_known_by_what_was_mounted_last(string path, string? type)
    {
        var table = """
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
            40 22 0:35 / /srv/u/far\040away rw shared:2 master:1 - fuse.sshfs host: rw,user_id=1000
            41 22 0:36 / /disk rw - fuseblk /dev/sdb1 rw
            42 22 0:37 / /twice rw - fuse.x x rw
            43 22 0:38 / /twice rw - tmpfs x rw
            44 22 0:39 / /plain rw - fuse - rw
            45 22 0:40 / /cut rw
            """u8;
        Assert.Equal(type, MountTable.UserFileSystemAt(path, table));
    }

    [Fact]
    public void The_root_is_mounted_here() => Assert.Contains("/", MountTable.Places());
}
