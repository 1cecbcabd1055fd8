using System.Security.Cryptography;
using Holdfast.Restic.Crypto;
using Xunit;

namespace Holdfast.Tests.Crypto;

/// <summary>The two interfaces of OpenSSL to Poly1305. Version 3, which these tests have, has both; 1.1.1 has the second one alone.</summary>
public sealed class Poly1305Tests
{
    // qemu is given the OpenSSL of Debian 11, 1.1.1, which has one of the two.
    [Theory, Trait("qemu", "no")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(4097)]
    [InlineData(1_000_003)]
    public void Both_interfaces_give_the_same_tag_under_each_of_many_keys(int length)
    {
        using Poly1305 mac = new MacPoly1305(), signing = new KeyPoly1305();
        var data = RandomNumberGenerator.GetBytes(length);
        for (var i = 0; i < 20; i++)
        {
            var key = RandomNumberGenerator.GetBytes(Poly1305.KeySize);
            Assert.Equal(Tag(mac, key, data), Tag(signing, key, data));
        }
    }

    [Fact]
    public void The_interface_of_1_1_1_gives_the_tag_of_the_RFC()
    {
        // RFC 8439, section 2.5.2.
        using var signing = new KeyPoly1305();
        var key = Convert.FromHexString("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
        var tag = Tag(signing, key, "Cryptographic Forum Research Group"u8.ToArray());
        Assert.Equal("a8061dc1305136c6c22b8baf0c0127a9", Convert.ToHexStringLower(tag));
    }

    private static byte[] Tag(Poly1305 poly1305, byte[] key, byte[] data)
    {
        var tag = new byte[Poly1305.TagSize];
        poly1305.Tag(key, data, tag);
        return tag;
    }
}
