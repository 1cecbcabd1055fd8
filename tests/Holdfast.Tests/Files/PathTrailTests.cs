using Holdfast.Components.Files.Paths;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class PathTrailTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_plain_path_stands_for_itself()
    {
        var path = _folder.Write("a/b", "x");
        Assert.Equal((path, 0), (PathTrail.Follow(path).Place, PathTrail.Follow(path).Links.Count));
    }

    [Fact]
    public void A_link_brings_what_it_points_to()
    {
        var real = _folder.Write("archive/cert1.pem", "x");
        _folder.Folder("live");
        File.CreateSymbolicLink(_folder["live/cert.pem"], "../archive/cert1.pem");
        var trail = PathTrail.Follow(_folder["live/cert.pem"]);
        Assert.Equal([_folder["live/cert.pem"]], trail.Links);
        Assert.Equal(real, trail.Place);
    }

    [Fact]
    public void A_folder_that_is_a_link_is_captured_as_one()
    {
        var real = _folder.Write("releases/7/app.conf", "x");
        Directory.CreateSymbolicLink(_folder["current"], "releases/7");
        var trail = PathTrail.Follow(_folder["current/app.conf"]);
        Assert.Equal([_folder["current"]], trail.Links);
        Assert.Equal(real, trail.Place);
    }

    [Fact]
    public void Where_a_link_points_to_in_vain_is_told()
    {
        File.CreateSymbolicLink(_folder["a"], "b");
        var trail = PathTrail.Follow(_folder["a"]);
        Assert.Equal((null, _folder["b"]), (trail.Place, trail.Lost));
        Assert.Equal([_folder["a"]], trail.Links);
    }

    [Fact]
    public void Links_in_a_circle_end()
    {
        File.CreateSymbolicLink(_folder["a"], "b");
        File.CreateSymbolicLink(_folder["b"], "a");
        Assert.Equal((null, _folder["a"]), (PathTrail.Follow(_folder["a"]).Place, PathTrail.Follow(_folder["a"]).Lost));
    }

    [Fact]
    public void A_masked_unit_is_a_link_and_nothing_else()
    {
        File.CreateSymbolicLink(_folder["masked.service"], "/dev/null");
        var trail = PathTrail.Follow(_folder["masked.service"]);
        Assert.Equal([_folder["masked.service"]], trail.Links);
        Assert.Equal((null, null), (trail.Place, trail.Lost));
    }

    [Fact]
    public void A_link_to_everything_is_not_followed()
    {
        Directory.CreateSymbolicLink(_folder["root"], "/");
        Assert.Null(PathTrail.Follow(_folder["root"]).Place);
    }

    [Fact]
    public void Links_of_the_system_itself_stay_out_of_recovery_points()
    {
        Require.That(new DirectoryInfo("/bin").LinkTarget is not null, "/bin is no link here.");
        var trail = PathTrail.Follow("/bin/sh");
        Assert.DoesNotContain("/bin", trail.Links, StringComparer.Ordinal);
        Assert.StartsWith("/usr/bin/", trail.Place);
    }
}
