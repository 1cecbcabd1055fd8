using Holdfast.Components.Files;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class WildcardTests
{
    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("*", "", true)]
    [InlineData("*.conf", ".conf", true)]
    [InlineData("*.conf", "nginx.conf", true)]
    [InlineData("*.conf", "nginx.conf.bak", false)]
    [InlineData("a*b*c", "aXXbYYc", true)]
    [InlineData("a*b*c", "aXXbYY", false)]
    [InlineData("?", "x", true)]
    [InlineData("?", "", false)]
    [InlineData("?", "xy", false)]
    [InlineData("nginx.[cr]*.conf", "nginx.rhel.conf", true)]
    [InlineData("nginx.[cr]*.conf", "nginx.ubuntu.conf", false)]
    [InlineData("v[0-9]", "v7", true)]
    [InlineData("v[0-9]", "vx", false)]
    [InlineData("[!.]*", ".hidden", false)]
    [InlineData("[^.]*", "shown", true)]
    [InlineData("[]x]", "]", true)]
    [InlineData("[", "[", true)]
    [InlineData("a[b", "a[b", true)]
    [InlineData(@"\*", "*", true)]
    [InlineData(@"\*", "x", false)]
    [InlineData(@"\[email]", "[email]", true)]
    [InlineData("name*end", "name\nend", true)]
    [InlineData("Nginx", "nginx", false)]
    public void Names_match_as_in_a_shell(string pattern, string name, bool matches) => Assert.Equal(matches, Wildcard.Matches(pattern, name));
}
