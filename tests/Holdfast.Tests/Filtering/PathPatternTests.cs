using System.Diagnostics;
using Holdfast.Restic;
using Holdfast.Restic.Filtering;
using Xunit;

namespace Holdfast.Tests.Filtering;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("*.pyc", "/opt/app/lib/a.pyc", true)]
    [InlineData("*.pyc", "/opt/app/lib/a.py", false)]
    [InlineData("cache", "/var/cache/nginx/x", true)]
    [InlineData("cache", "/var/caches", false)]
    [InlineData("/cache", "/var/cache", false)]
    [InlineData("/var/cache", "/var/cache", true)]
    [InlineData("/var/cache/", "/var/cache", true)]
    [InlineData("/var/cache", "/var/cache/nginx/x", true)]
    [InlineData("/var/cache/*", "/var/cache", false)]
    [InlineData("/var/cache/*", "/var/cache/nginx/x", true)]
    [InlineData("/etc/**/*.bak", "/etc/a.bak", true)]
    [InlineData("/etc/**/*.bak", "/etc/a/b/c.bak", true)]
    [InlineData("/etc/**/*.bak", "/opt/a.bak", false)]
    [InlineData("/etc/**", "/etc", true)]
    [InlineData("app/tmp", "/srv/app/tmp/x", true)]
    [InlineData("app/tmp", "/srv/app/x/tmp", false)]
    [InlineData("app/**/tmp", "/srv/app/x/y/tmp", true)]
    [InlineData("a/**/b/**/c", "/a/b/x/b/c", true)]
    [InlineData("a/**/b/**/c", "/a/x/c/b", false)]
    [InlineData("./x//y/../z/.", "/x/z", true)]
    [InlineData("/../x", "/x", true)]
    [InlineData("../x", "/x", false)]
    [InlineData(".", "/x", false)]
    [InlineData("/", "/x", true)]
    [InlineData("**", "/x", true)]
    [InlineData("***", "/x", true)]
    public void A_pattern_takes_what_it_matches_with_all_below(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new PathPattern(pattern).Matches(PathPattern.NamesOf(path)));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a/[b", "'a/[b' cannot be read: a bracket is not closed")]
    [InlineData("a\\/b", "a backslash is last")]
    [InlineData("[a/b]", "a bracket is not closed")]
    [InlineData("[]a]", "']' in a set needs a backslash before it")]
    public void What_is_no_pattern_is_refused_with_the_reason(string pattern, string reason)
    {
        var refused = Assert.Throws<ResticException>(() => new PathPattern(pattern));
        Assert.Equal(ResticError.Unsupported, refused.Error);
        Assert.Contains(reason, refused.Message);
    }

    [Fact]
    public void Many_folders_of_any_number_take_no_longer_than_the_path_allows()
    {
        var pattern = new PathPattern(string.Concat(Enumerable.Repeat("**/a/", 50)) + "b");
        var begun = Stopwatch.GetTimestamp();
        Assert.False(pattern.Matches([.. Enumerable.Repeat("a", 1000)]));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 60);
    }

    [Fact]
    public void A_later_pattern_takes_back()
    {
        var list = new PatternList(["*.bak", "!keep.bak", "/no/keep.bak"]);
        Assert.True(list.Matches("/etc/a.bak"));
        Assert.False(list.Matches("/etc/keep.bak"));
        Assert.True(list.Matches("/no/keep.bak"));
        Assert.False(new PatternList(["!a"]).Matches("/b"));
        Assert.False(new PatternList([]).Matches("/b"));
    }
}
