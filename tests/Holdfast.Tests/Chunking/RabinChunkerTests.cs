using Holdfast.Restic.Chunking;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Chunking;

public sealed class RabinChunkerTests
{
    private const ulong Known = 0x3DA3358B4DC173; // the polynomial that the restic/chunker module documents its tests with

    [Fact]
    public void The_known_polynomial_is_irreducible() => Assert.True(Polynomial.IsIrreducible(Known));

    [Theory]
    [InlineData(0x3DA3358B4DC172UL)] // divisible by x
    [InlineData(0b101UL)] // (x + 1) squared
    [InlineData(0x20000000000001UL)] // x^53 + 1 has the root 1
    public void A_product_is_not_irreducible(ulong product) => Assert.False(Polynomial.IsIrreducible(product));

    [Fact]
    public void A_random_polynomial_has_degree_53_and_is_irreducible()
    {
        var p = Polynomial.Random();
        Assert.Equal(53, Polynomial.Degree(p));
        Assert.True(Polynomial.IsIrreducible(p));
    }

    [Theory]
    [InlineData(1, 5 << 20)]
    [InlineData(2, 3_333_333)]
    [InlineData(3, (512 << 10) + 1)]
    [InlineData(4, 512 << 10)]
    [InlineData(5, 1)]
    public void Cuts_are_those_of_a_fingerprint_that_is_rolled_byte_by_byte(int seed, int length)
    {
        var data = new byte[length];
        new Random(seed).NextBytes(data);
        Assert.Equal(RolledCuts(data, Known), Cuts(data, pieces: 256 << 10));
    }

    [Fact]
    public void Cuts_do_not_depend_on_the_pieces_that_the_data_comes_in()
    {
        var data = new byte[12 << 20];
        new Random(7).NextBytes(data);
        Assert.Equal(Cuts(data, pieces: 1 << 20), Cuts(data, pieces: 70_001));
    }

    [Fact]
    public void Zeroes_are_cut_at_the_largest_size_or_earlier_but_never_later()
    {
        var cuts = Cuts(new byte[20 << 20], pieces: 1 << 20);
        Each.Holds(cuts, c => Assert.InRange(c, 1, RabinChunker.MaxSize));
        Assert.Equal(20 << 20, cuts.Sum());
    }

    private static List<int> Cuts(ReadOnlySpan<byte> data, int pieces)
    {
        var chunker = new RabinChunker(Known);
        var cuts = new List<int>();
        while (!data.IsEmpty)
        {
            int cut = 0, scanned = 0;
            for (var known = Math.Min(pieces, data.Length); cut == 0; known = Math.Min(known + pieces, data.Length))
            {
                cut = chunker.FindCut(data[..known], scanned);
                if (cut == 0 && known == data.Length) cut = data.Length;
                scanned = known;
            }
            cuts.Add(cut);
            data = data[cut..];
        }
        return cuts;
    }

    /// <summary>The textbook way: a 64-byte window, a bit at a time, no tables.</summary>
    private static List<int> RolledCuts(byte[] data, ulong polynomial)
    {
        var leaving = 1UL;
        for (var i = 0; i < 8 * 64; i++) leaving = Shift(leaving, polynomial);
        var cuts = new List<int>();
        var (start, digest) = (0, 0UL);
        for (var i = 0; i < data.Length; i++)
        {
            digest = Append(digest, data[i], polynomial);
            if (i - start >= 64) digest ^= Multiply(data[i - 64], leaving, polynomial);
            var length = i - start + 1;
            if (length < RabinChunker.MinSize || ((digest & 0xFFFFF) != 0 && length < RabinChunker.MaxSize)) continue;
            cuts.Add(length);
            (start, digest) = (i + 1, 0);
        }
        if (start < data.Length) cuts.Add(data.Length - start);
        return cuts;
    }

    private static ulong Shift(ulong x, ulong p) => ((x <<= 1) >> 53) != 0 ? x ^ p : x;

    private static ulong Append(ulong digest, byte b, ulong p)
    {
        for (var bit = 7; bit >= 0; bit--) digest = Shift(digest, p) ^ (ulong)((b >> bit) & 1);
        return digest;
    }

    private static ulong Multiply(byte b, ulong x, ulong p)
    {
        ulong product = 0;
        for (; b != 0; b >>= 1, x = Shift(x, p)) if ((b & 1) != 0) product ^= x;
        return product;
    }
}
