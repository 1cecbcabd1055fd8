using System.Text.Json;
using Holdfast.Engine.Web;
using Xunit;

namespace Holdfast.Tests.Checking;

public sealed class JsonPointerTests
{
    /// <summary>The document and answers of RFC 6901, section 5, and pointers that lead nowhere.</summary>
    [Theory]
    [InlineData("/foo/0", "\"bar\"")]
    [InlineData("/", "0")]
    [InlineData("/a~1b", "1")]
    [InlineData("/m~0n", "8")]
    [InlineData("/foo", "[\"bar\",\"baz\"]")]
    [InlineData("/foo/2", null)]
    [InlineData("/foo/-1", null)]
    [InlineData("/foo/bar", null)]
    [InlineData("/a~1b/c", null)]
    [InlineData("/none", null)]
    public void Pointers_lead_where_the_rfc_says(string pointer, string? expected)
    {
        using var document = JsonDocument.Parse("""{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8}""");
        Assert.Equal(expected, JsonPointer.Find(document.RootElement, pointer)?.GetRawText());
    }

    [Fact]
    public void An_empty_pointer_is_the_whole_document()
    {
        using var document = JsonDocument.Parse("[1]");
        Assert.Equal("[1]", JsonPointer.Find(document.RootElement, "")?.GetRawText());
    }
}
