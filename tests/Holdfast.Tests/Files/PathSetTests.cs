using Holdfast.Components.Files;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class PathSetTests
{
    [Theory]
    [InlineData("/etc/app/x", true)]
    [InlineData("/etc/app/x/y/z", true)]
    [InlineData("/etc/app", false)]
    [InlineData("/etc/application", false)]
    [InlineData("/etc", false)]
    [InlineData("/srv/a/b", true)]
    [InlineData("/", false)]
    public void A_path_is_above_what_lies_in_it(string path, bool expected)
    {
        var set = new PathSet(["/etc/app", "/srv"]);
        set.Add("/srv");
        Assert.Equal(expected, set.HasAbove(path));
    }

    [Fact]
    public void The_root_is_above_all_but_itself()
    {
        var set = new PathSet(["/"]);
        Assert.True(set.HasAbove("/a"));
        Assert.False(set.HasAbove("/"));
        Assert.True(set.Contains("/"));
    }

    [Fact]
    public void Asking_about_a_deep_path_copies_none_of_it()
    {
        var set = new PathSet(Enumerable.Range(1, 50).Select(length => "/" + new string('a', length)));
        var deep = "/" + string.Concat(Enumerable.Repeat("d/", 2000)) + "file";
        set.HasAbove(deep);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(set.HasAbove(deep));
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
