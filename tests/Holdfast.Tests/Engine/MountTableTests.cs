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

    [Fact]
    public void The_root_is_mounted_here() => Assert.Contains("/", MountTable.Places());
}
