using Holdfast.Restic;
using Xunit;

namespace Holdfast.Tests;

public sealed class IdTests
{
    [Fact]
    public void The_id_of_nothing_is_the_known_digest_of_SHA_256() =>
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Id.Hash([]).ToString());

    [Fact]
    public void Text_goes_round() => Assert.Equal(Id.Hash([1]), Id.Parse(Id.Hash([1]).ToString()));

    [Theory]
    [InlineData("")]
    [InlineData("e3b0c442")]
    [InlineData("z3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void Anything_but_64_hexadecimal_digits_is_refused(string text) => Assert.False(Id.TryParse(text, out _));

    [Fact]
    public void Order_is_the_order_of_the_bytes()
    {
        var low = new Id([.. Enumerable.Repeat((byte)0x7F, 32)]);
        var high = new Id([0x80, .. new byte[31]]);
        Assert.True(low < high);
    }
}
