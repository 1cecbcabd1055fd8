using System.Text;
using CsCheck;
using Holdfast.Restic.Posix;
using Xunit;

namespace Holdfast.Tests.Posix;

public class FileNameTests
{
    private static readonly byte[] Pieces = [0xC3, 0xA9, 0xE2, 0x80, 0x93, 0xF0, 0x9F, 0x98, 0x80, 0xED, 0xB2, 0xEF, 0xBF, 0xBD, 0x41, 0x7A];

    // Bytes that are likely to be broken UTF-8, and likely to be whole.
    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
        Gen.Byte.Array[0, 40],
        Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 12],
        Gen.String[0, 20].Select(Encoding.UTF8.GetBytes));

    [Fact]
    public void Any_bytes_survive_the_way_to_a_string_and_back() =>
        Bytes.Sample(bytes => FileName.Encode(FileName.Decode(bytes)).AsSpan().SequenceEqual(bytes));

    [Fact]
    public void Valid_UTF_8_is_decoded_as_usual() =>
        Gen.String.Select(Encoding.UTF8.GetBytes).Sample(bytes => string.Equals(FileName.Decode(bytes), Encoding.UTF8.GetString(bytes), StringComparison.Ordinal));

    [Fact]
    public void A_stray_byte_becomes_a_lone_surrogate() => Assert.Equal("a\uDCFFé\uDCE2\uDC80z", FileName.Decode([0x61, 0xFF, 0xC3, 0xA9, 0xE2, 0x80, 0x7A]));

    [Fact]
    public void Names_compare_as_their_bytes() =>
        Gen.Select(Bytes, Bytes, Bytes).Sample((prefix, left, right) =>
        {
            left = [.. prefix, .. left];
            right = [.. prefix, .. right];
            return Math.Sign(FileName.Compare(FileName.Decode(left), FileName.Decode(right))) == Math.Sign(left.AsSpan().SequenceCompareTo(right));
        });

    [Fact]
    public void Stray_bytes_are_told_from_pairs()
    {
        Assert.False(FileName.HasStrayBytes("plain é😀"));
        Assert.False(FileName.HasStrayBytes("\U000100A0"));
        Assert.True(FileName.HasStrayBytes("\U000100A0\uDC80"));
        Assert.True(FileName.HasStrayBytes("\uDCFF"));
    }
}
