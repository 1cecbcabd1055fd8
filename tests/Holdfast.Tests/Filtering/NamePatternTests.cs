using System.Diagnostics;
using Holdfast.Restic;
using Holdfast.Restic.Filtering;
using Xunit;

namespace Holdfast.Tests.Filtering;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("*", "", true)]
    [InlineData("*.conf", ".conf", true)]
    [InlineData("*.conf", "nginx.conf", true)]
    [InlineData("*.conf", "nginx.conf.bak", false)]
    [InlineData("a*b*c", "aXXbYYc", true)]
    [InlineData("a*b*c", "aXXbYY", false)]
    [InlineData("a**b", "ab", true)]
    [InlineData("*ab", "aab", true)]
    [InlineData("*a?", "aaa", true)]
    [InlineData("?", "x", true)]
    [InlineData("?", "", false)]
    [InlineData("?", "xy", false)]
    [InlineData("?", "é", true)]
    [InlineData("?", "😀", true)]
    [InlineData("??", "😀", false)]
    [InlineData("*??", "😀", false)]
    [InlineData("[α-ω]", "β", true)]
    [InlineData("[😀-😂]", "😁", true)]
    [InlineData("nginx.[cr]*.conf", "nginx.rhel.conf", true)]
    [InlineData("nginx.[cr]*.conf", "nginx.ubuntu.conf", false)]
    [InlineData("v[0-9]", "v7", true)]
    [InlineData("v[0-9]", "vx", false)]
    [InlineData("[^.]*", "shown", true)]
    [InlineData("[^.]*", ".hidden", false)]
    [InlineData("[!a]", "!", true)] // as in restic: a member like any other
    [InlineData("[!a]", "b", false)]
    [InlineData(@"[\]x]", "]", true)]
    [InlineData(@"[\^x]", "^", true)]
    [InlineData("[x^]", "^", true)]
    [InlineData(@"[a\-z]", "k", false)]
    [InlineData("[[*]", "*", true)]
    [InlineData("a]", "a]", true)]
    [InlineData(@"\*", "*", true)]
    [InlineData(@"\*", "x", false)]
    [InlineData(@"\[email]", "[email]", true)]
    [InlineData("name*end", "name\nend", true)]
    [InlineData("Nginx", "nginx", false)]
    public void Names_match_as_in_Go(string pattern, string name, bool matches) => Assert.Equal(matches, new NamePattern(pattern).Matches(name));

    [Theory]
    [InlineData("[")]
    [InlineData("[a")]
    [InlineData("[a-")]
    [InlineData("[^")]
    [InlineData("[^]")]
    [InlineData("[]")]
    [InlineData("[]a]")]
    [InlineData("[-a]")]
    [InlineData("[a-]")]
    [InlineData(@"[a\")]
    [InlineData(@"[a\]")]
    [InlineData(@"a\")]
    public void What_is_no_pattern_is_refused(string pattern) =>
        Assert.Equal(ResticError.Unsupported, Assert.Throws<ResticException>(() => new NamePattern(pattern)).Error);

    [Fact]
    public void A_byte_that_is_not_UTF_8_is_a_character()
    {
        Assert.True(new NamePattern("na?ve").Matches("na\uDCEFve"));
        Assert.True(new NamePattern("[^a]*").Matches("\uDCEFx"));
        Assert.True(new NamePattern("\uDCEF").Matches("\uDCEF"));
        Assert.False(new NamePattern("\uDCEF").Matches("\uDCEE"));
        Assert.Throws<ResticException>(() => new NamePattern("[\uDCEF]"));
    }

    [Fact]
    public void Many_stars_take_no_more_time_than_their_number_times_the_name()
    {
        var pattern = new NamePattern(string.Concat(Enumerable.Repeat("*a", 50)) + "*b");
        var begun = Stopwatch.GetTimestamp();
        Assert.False(pattern.Matches(new string('a', 255)));
        Assert.InRange(Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 60); // going back to every star would take longer than the sun has
    }
}
