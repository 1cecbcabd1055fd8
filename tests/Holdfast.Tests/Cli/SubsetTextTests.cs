using Holdfast.Cli.Commands;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class SubsetTextTests
{
    [Theory]
    [InlineData("1/1", 1, 1)]
    [InlineData("3/5", 3, 5)]
    [InlineData("256/256", 256, 256)]
    public void A_group_is_read(string text, int group, int groups)
    {
        var subset = SubsetText.Parse(text)!;
        Assert.Equal((group, groups, null), (subset.Group, subset.Groups, subset.Share));
    }

    [Theory]
    [InlineData("100%", 1.0)]
    [InlineData("2.5%", 0.025)]
    public void A_share_is_read(string text, double share) => Assert.Equal(share, SubsetText.Parse(text)!.Share);

    [Theory]
    [InlineData("")]
    [InlineData("0/5")]
    [InlineData("6/5")]
    [InlineData("1/257")]
    [InlineData("-1/5")]
    [InlineData("1/5/9")]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("NaN%")]
    [InlineData("five")]
    public void Anything_else_is_refused(string text) => Assert.Null(SubsetText.Parse(text));
}
