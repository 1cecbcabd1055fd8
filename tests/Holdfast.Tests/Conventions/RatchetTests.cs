using Xunit;

namespace Holdfast.Tests.Conventions;

public sealed class RatchetTests
{
    private const string Exceptions = """
        # a comment
        file big.cs 120 the table of codes is one thing
        method other.cs:Long 90 of another kind altogether

        """;

    [Theory]
    [InlineData("small.cs", 100, 0)]
    [InlineData("small.cs", 101, 1)]
    [InlineData("big.cs", 120, 0)]
    [InlineData("big.cs", 121, 1)]
    [InlineData("big.cs", 119, 1)]
    public void What_grows_and_what_shrinks_is_told(string place, int lines, int offences)
    {
        var sizes = new List<(string Place, int Lines)> { (place, lines) };
        if (place != "big.cs") sizes.Add(("big.cs", 120));

        Assert.Equal(offences, new Ratchet("file", limit: 100, Exceptions).Offences(sizes).Count());
    }

    [Fact]
    public void An_exception_for_what_is_gone_is_told() => Assert.Single(new Ratchet("file", limit: 100, Exceptions).Offences([]));

    [Fact]
    public void An_exception_needs_a_reason() => Assert.Throws<FormatException>(() => new Ratchet("file", limit: 100, "file big.cs 120"));
}
