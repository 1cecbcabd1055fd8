using Holdfast.Restic;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Restoring;

public sealed class RestorePatternTests
{
    // Most of it from restic's own table: internal/filter/filter_test.go.
    [Theory]
    [InlineData("*.go", "/foo/bar/test.go", true)]
    [InlineData("*.c", "/foo/bar/test.go", false)]
    [InlineData("foo", "/foo/bar/test.go", true)]
    [InlineData("bar", "/foo/bar/test.go", true)]
    [InlineData("/bar", "/foo/bar", false)]
    [InlineData("/foo", "/foo/bar", true)]
    [InlineData("foo/*", "/foo/bar/test.go", true)]
    [InlineData("/foo/*.go", "/foo/bar/test.go", false)]
    [InlineData("/foo/**/test.*", "/foo/bar/baz/test.go", true)]
    [InlineData("/foo/**/test.*", "/foo/test.go", true)]
    [InlineData("**/bar", "/foo/bar", true)]
    [InlineData("/**/x", "/a/b/c", false)]
    [InlineData("t?st", "/test", true)]
    [InlineData("[a-c]x", "/bx", true)]
    [InlineData("[^a-c]x", "/bx", false)]
    [InlineData("a\\*", "/a*", true)]
    [InlineData("a\\*", "/ab", false)]
    [InlineData("*", "/anything", true)]
    [InlineData("a*b*c", "/aXbYc", true)]
    [InlineData("a*b*c", "/aXbY", false)]
    [InlineData("/", "/anything", true)]
    public void A_pattern_matches_as_in_restic(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new NodeSelection([pattern], []).Wants(path));

    [Theory]
    [InlineData("/foo/bar/x", "/foo", true)]
    [InlineData("/foo/bar/x", "/other", false)]
    [InlineData("/foo/bar", "/foo/bar/below", true)]
    [InlineData("/foo/**/x", "/foo/a/b", true)]
    [InlineData("x", "/anywhere", true)]
    public void Folders_that_cannot_hold_a_match_are_not_entered(string pattern, string folder, bool enters) =>
        Assert.Equal(enters, new NodeSelection([pattern], []).MayWantBelow(folder));

    [Fact]
    public void An_excluded_folder_takes_all_below_it_along_as_in_restic()
    {
        var selection = new NodeSelection([], ["/etc", "!keep.bak"]);
        Assert.False(selection.MayWantBelow("/etc"));
        Assert.True(selection.MayWantBelow("/var"));
    }

    [Fact]
    public void Excluding_goes_before_including_and_can_be_taken_back()
    {
        var selection = new NodeSelection(["/etc"], ["*.bak", "!keep.bak"]);
        Assert.True(selection.Wants("/etc/a"));
        Assert.False(selection.Wants("/etc/a.bak"));
        Assert.True(selection.Wants("/etc/keep.bak"));
        Assert.False(selection.Wants("/var/a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[a")]
    [InlineData("a\\")]
    [InlineData("!")]
    public void What_is_no_pattern_is_refused(string pattern) =>
        Assert.Equal(ResticError.Unsupported, Assert.Throws<ResticException>(() => new NodeSelection([], [pattern])).Error);

    [Fact]
    public void Temporary_names_are_short_and_known_again()
    {
        var names = new TemporaryName();
        var (name, other) = (names.Next(), names.Next());
        Assert.NotEqual(name, other);
        Assert.True(TemporaryName.IsTemporary(name));
        Assert.InRange(name.Length, 1, 40);
    }

    [Theory]
    [InlineData(".holdfast-0123456789abcdef01234567.tmp")]
    [InlineData(".x.holdfast-0123456789abcdef.tmp")]
    [InlineData("holdfast-0123456789abcdef01234567.tmp")]
    [InlineData(".holdfast-mine.tmp")]
    public void A_name_that_only_looks_temporary_is_not(string name) => Assert.False(TemporaryName.IsTemporary(name));

    [Fact]
    public void Every_name_has_one_to_be_moved_aside_to()
    {
        foreach (var name in new[] { "a", ".bashrc", new string('x', 255), new string('é', 127), string.Concat(Enumerable.Repeat("😀", 63)), new string('\uDCFF', 255) })
        {
            var aside = AsideName.All(name, ".before-20261128T145211Z-e80785").Take(3).ToList();
            Assert.Equal(3, aside.Distinct(StringComparer.Ordinal).Count());
            Each.Holds(aside, one => Assert.InRange(Holdfast.Restic.Posix.FileName.Encode(one).Length, 1, 255));
            Each.Holds(aside, one => Assert.True(one is ['.', .., '~'] && !one.Contains('\uFFFD')));
        }
        Assert.Equal([".nginx.conf.before-x~", ".nginx.conf.before-x.1~"], AsideName.All("nginx.conf", ".before-x").Take(2));
        Assert.Equal(".bashrc.before-x~", AsideName.All(".bashrc", ".before-x").First());
    }
}
