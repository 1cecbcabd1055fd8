using Holdfast.Components.Files;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("*.pyc", "/opt/app/lib/a.pyc", true)]
    [InlineData("*.pyc", "/opt/app/lib/a.py", false)]
    [InlineData("cache", "/var/cache/nginx/x", true)]
    [InlineData("cache", "/var/caches", false)]
    [InlineData("/cache", "/var/cache", false)]
    [InlineData("/var/cache", "/var/cache", true)]
    [InlineData("/var/cache", "/var/cache/nginx/x", true)]
    [InlineData("/var/cache/*", "/var/cache", false)]
    [InlineData("/var/cache/*", "/var/cache/nginx/x", true)]
    [InlineData("/etc/**/*.bak", "/etc/a.bak", true)]
    [InlineData("/etc/**/*.bak", "/etc/a/b/c.bak", true)]
    [InlineData("/etc/**/*.bak", "/opt/a.bak", false)]
    [InlineData("app/tmp", "/srv/app/tmp/x", true)]
    [InlineData("app/tmp", "/srv/app/x/tmp", false)]
    [InlineData("app/**/tmp", "/srv/app/x/y/tmp", true)]
    public void A_pattern_takes_what_it_matches_with_all_below(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new PathPattern(pattern).Matches(path));
}
