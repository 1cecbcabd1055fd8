using Holdfast.Cli.Text;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class PrintableTests
{
    [Theory]
    [InlineData("/etc/nginx/nginx.conf")]
    [InlineData("café über 漢字 🎉")]
    [InlineData(@"back\slash and ""quotes""")]
    [InlineData("")]
    public void Harmless_names_stay_as_they_are(string name) => Assert.Equal(name, Printable.Name(name));

    [Theory]
    [InlineData("two\nlines", @"""two\nlines""")]
    [InlineData("\e[2Jgone", @"""\x1b[2Jgone""")]
    [InlineData("a\tb\rc", @"""a\tb\rc""")]
    [InlineData("\u202Egpj.exe", @"""\u{202e}gpj.exe""")]
    [InlineData("zero\u200Bwidth", @"""zero\u{200b}width""")]
    [InlineData("line\u2028separator", @"""line\u{2028}separator""")]
    [InlineData("\u009B31m", @"""\u{9b}31m""")]
    [InlineData("both \\ and \n", @"""both \\ and \n""")]
    [InlineData("a \" and \n", @"""a \"" and \n""")]
    public void Harmful_characters_are_escaped_and_the_name_is_quoted(string name, string shown) => Assert.Equal(shown, Printable.Name(name));

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_shown_as_bytes() => Assert.Equal(@"""caf\xe9""", Printable.Name("caf\uDCE9"));

    [Fact]
    public void Any_other_lone_surrogate_is_shown_by_its_number() => Assert.Equal(@"""\u{d800}""", Printable.Name("\uD800"));

    [Fact]
    public void A_sentence_is_escaped_without_quotes() => Assert.Equal(@"could not read a\nb: ""c\d""", Printable.Text("could not read a\nb: \"c\\d\""));
}
