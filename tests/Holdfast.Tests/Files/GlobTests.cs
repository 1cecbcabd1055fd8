using Holdfast.Components.Files.Paths;
using Holdfast.Restic.Filtering;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class GlobTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.conf", "a.conf")]
    [InlineData("*.conf", ".hidden.conf a.conf b.conf")]
    [InlineData("[ab].conf", "a.conf b.conf")]
    [InlineData("*/x.conf", "one/x.conf")]
    [InlineData("**/x.conf", "one/two/x.conf one/x.conf")]
    [InlineData("one/**", "one/two one/x.conf")]
    [InlineData("one", "one")]
    [InlineData("nothing", "")]
    [InlineData("nothing/*", "")]
    [InlineData("a.conf/*", "")]
    public void A_pattern_stands_for_what_exists(string pattern, string expected)
    {
        foreach (var name in new[] { "a.conf", "b.conf", ".hidden.conf", "c.txt", "one/x.conf", "one/two/x.conf" }) _folder.Write(name, "x");
        Assert.Equal(expected, string.Join(' ', Glob.Expand(_folder[pattern]).Select(path => Path.GetRelativePath(_folder.Path, path)).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("[!a]*", "b", true)]
    [InlineData("[!a]*", "a", false)]
    [InlineData("[^a]*", "a", false)]
    [InlineData("[]x]", "]", true)]
    [InlineData("[!]x]", "y", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[-a]", "a", true)]
    [InlineData("[a-c]", "b", true)]
    [InlineData("[a^]", "^", true)]
    [InlineData("[a-c-e]", "-", true)]
    [InlineData("[a-c-e]", "d", false)]
    [InlineData("a[b", "a[b", true)]
    [InlineData("[", "[", true)]
    [InlineData("[!", "[!", true)]
    [InlineData("a\\[b]", "a[b]", true)]
    [InlineData("a\\", "a\\", true)]
    [InlineData("conf.d/*.conf", "conf.d/x.conf", true)]
    [InlineData("[a/b]", "[a/b]", true)]
    public void A_pattern_of_another_program_is_read_as_that_program_does(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new PathPattern("/" + ShellGlob.Translate(pattern)).Matches(PathPattern.NamesOf(path)));

    [Fact]
    public void A_name_with_a_newline_is_a_name()
    {
        _folder.Write("two\nlines.conf", "x");
        Assert.Equal([_folder["two\nlines.conf"]], Glob.Expand(_folder["two*"]));
    }

    [Fact]
    public async Task A_name_that_is_not_UTF_8_is_found_without_loss()
    {
        (await Command.BashAsync("""printf x > "$1"/$'na\xefve.conf'""", _folder.Path)).Succeeded();
        Assert.Equal([_folder["na\uDCEFve.conf"]], Glob.Expand(_folder["na*.conf"]));
    }

    [Fact]
    public void Folders_are_searched_without_following_links_in_circles()
    {
        _folder.Write("one/x.conf", "x");
        Directory.CreateSymbolicLink(_folder["one/again"], _folder["one"]);
        Assert.Equal([_folder["one/x.conf"]], Glob.Expand(_folder["**/x.conf"]));
    }

    [Fact]
    public void A_dangling_link_exists()
    {
        File.CreateSymbolicLink(_folder["link.conf"], "/nowhere/at/all");
        Assert.Equal([_folder["link.conf"]], Glob.Expand(_folder["*.conf"]));
    }

    [Fact]
    public void Data_directories_are_not_taken_piece_by_piece()
    {
        DataFolders.Postgres(_folder, "pgsql/data");
        _folder.Write("pgsql/notes.conf", "x");
        Assert.Equal([_folder["pgsql/notes.conf"]], Glob.Expand(_folder["**/*.conf"]));
    }
}
