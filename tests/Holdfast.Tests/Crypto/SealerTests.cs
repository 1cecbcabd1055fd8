using Holdfast.Restic;
using Holdfast.Restic.Crypto;
using Xunit;

namespace Holdfast.Tests.Crypto;

public sealed class SealerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(100_001)]
    public void What_was_sealed_opens_and_one_flipped_bit_anywhere_closes_it(int length)
    {
        using var sealer = new Sealer(RepositoryKey.Random());
        var plaintext = new byte[length];
        new Random(length).NextBytes(plaintext);
        var message = new byte[length + Sealer.Overhead];
        sealer.Seal(plaintext, message);
        var opened = new byte[length];
        Assert.True(sealer.TryOpen(message, opened));
        Assert.Equal(plaintext, opened);
        foreach (var at in new[] { 0, 15, message.Length / 2, message.Length - 1 })
        {
            message[at] ^= 0x10;
            Assert.False(sealer.TryOpen(message, opened));
            message[at] ^= 0x10;
        }
    }

    [Fact]
    public void Poly1305_AES_gives_the_tag_of_its_author_s_test_vector()
    {
        // Source: D. J. Bernstein, "The Poly1305-AES message-authentication code", appendix B, the fourth set of values: an empty message is the second.
        var macK = Convert.FromHexString("75deaa25c09f208e1dc4ce6b5cad3fbf");
        var macR = Convert.FromHexString("a0f3080000f46400d0c7e9076c834403");
        var nonce = Convert.FromHexString("61ee09218d29b0aaed7e154a2c5509cc");
        var tag = Convert.FromHexString("dd3fab2251f11ac759f0887129cc2ee7");
        using var sealer = new Sealer(new RepositoryKey(new byte[32], macK, macR));
        Assert.True(sealer.TryOpen([.. nonce, .. tag], []));
    }

    [Fact]
    public void Scrypt_gives_the_key_of_its_RFC()
    {
        // RFC 7914, section 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1).
        var key = RepositoryKey.FromPassword("pleaseletmein", "SodiumChloride"u8, new KeyDerivation(16384, 8, 1));
        Assert.Equal("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2", Convert.ToHexStringLower(key.Encrypt));
        Assert.Equal("d5432955613f0fcf62d49705242a9af9", Convert.ToHexStringLower(key.MacK));
        Assert.Equal("e61e85dc0d651e40dfcf017b45575887", Convert.ToHexStringLower(key.MacR));
    }
}
