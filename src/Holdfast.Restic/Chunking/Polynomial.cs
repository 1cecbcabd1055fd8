using System.Numerics;
using System.Security.Cryptography;

namespace Holdfast.Restic.Chunking;

/// <summary>
/// A polynomial over GF(2), a bit a coefficient. A repository's chunker polynomial is random, of degree 53 and
/// irreducible. Source: M. O. Rabin, "Fingerprinting by Random Polynomials" (1981).
/// </summary>
internal static class Polynomial
{
    public const int ChunkerDegree = 53;

    public static int Degree(ulong p) => 63 - BitOperations.LeadingZeroCount(p);

    public static ulong Mod(ulong x, ulong p)
    {
        for (var shift = Degree(x) - Degree(p); shift >= 0; shift = Degree(x) - Degree(p)) x ^= p << shift;
        return x;
    }

    public static ulong Random()
    {
        Span<byte> bytes = stackalloc byte[8];
        while (true)
        {
            RandomNumberGenerator.Fill(bytes);
            // The lowest coefficient must be 1, or x divides it; the highest fixes the degree.
            var p = (BitConverter.ToUInt64(bytes) & ((1UL << ChunkerDegree) - 1)) | (1UL << ChunkerDegree) | 1;
            if (IsIrreducible(p)) return p;
        }
    }

    /// <summary>Ben-Or's test: no common factor with x^(2^i) - x for any i up to half the degree.</summary>
    public static bool IsIrreducible(ulong p)
    {
        const ulong x = 2;
        var power = x;
        for (var i = 1; i <= Degree(p) / 2; i++)
        {
            power = MultiplyMod(power, power, p);
            if (GreatestCommonDivisor(p, power ^ x) != 1) return false;
        }
        return true;
    }

    private static ulong MultiplyMod(ulong a, ulong b, ulong p)
    {
        ulong product = 0;
        for (; b != 0; b >>= 1)
        {
            if ((b & 1) != 0) product ^= a;
            a <<= 1;
            if ((a >> Degree(p)) != 0) a ^= p;
        }
        return product;
    }

    private static ulong GreatestCommonDivisor(ulong a, ulong b)
    {
        while (b != 0) (a, b) = (b, Mod(a, b));
        return a;
    }
}
