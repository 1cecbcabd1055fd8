using Holdfast.Restic;
using Holdfast.Restic.Restoring;
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
    public void Temporary_names_fit_into_a_folder_and_are_known_again()
    {
        var names = new TemporaryName();
        foreach (var name in new[] { "a", new string('x', 255), new string('é', 127), string.Concat(Enumerable.Repeat("😀", 63)), new string('\uDCFF', 255) })
        {
            var path = names.Beside("/folder/" + name);
            Assert.True(TemporaryName.IsTemporary(path[8..]));
            Assert.InRange(Holdfast.Restic.Posix.FileName.Encode(path[8..]).Length, 1, 255);
            Assert.NotEqual(path, names.Beside("/folder/" + name));
        }
        Assert.False(TemporaryName.IsTemporary(".x.holdfast-0123.tmp"));
        Assert.False(TemporaryName.IsTemporary("x.holdfast-0123456789abcdef.tmp"));
    }
}
