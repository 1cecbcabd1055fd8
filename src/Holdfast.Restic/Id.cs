using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Holdfast.Restic;

/// <summary>
/// A SHA-256 digest that names a blob (digest of its plaintext) or a stored file (digest of its stored bytes).
/// Written as 64 lower-case hexadecimal digits. Source: restic, doc/design.rst, "Repository Format".
/// </summary>
public readonly struct Id : IEquatable<Id>, IComparable<Id>
{
    /// <summary>Length of the digest in bytes.</summary>
    public const int Size = 32;

    // Big-endian words, so that their order is that of the bytes.
    private readonly ulong _a, _b, _c, _d;

    /// <summary>Makes an id of exactly <see cref="Size"/> bytes.</summary>
    public Id(ReadOnlySpan<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(digest.Length, Size);
        _a = BinaryPrimitives.ReadUInt64BigEndian(digest);
        _b = BinaryPrimitives.ReadUInt64BigEndian(digest[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(digest[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(digest[24..]);
    }

    /// <summary>The SHA-256 of <paramref name="data"/>.</summary>
    public static Id Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[Size];
        SHA256.HashData(data, digest);
        return new Id(digest);
    }

    /// <summary>Parses 64 hexadecimal digits.</summary>
    /// <exception cref="FormatException">The text is anything else.</exception>
    public static Id Parse(ReadOnlySpan<char> hex) =>
        TryParse(hex, out var id) ? id : throw new FormatException($"'{hex}' is not 64 hexadecimal digits.");

    /// <summary>Parses 64 hexadecimal digits; false when the text is anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out Id id)
    {
        Span<byte> digest = stackalloc byte[Size];
        id = default;
        if (hex.Length != 2 * Size || Convert.FromHexString(hex, digest, out _, out var written) != System.Buffers.OperationStatus.Done || written != Size)
            return false;
        id = new Id(digest);
        return true;
    }

    /// <summary>True for the id of all zeros, which is not the name of anything.</summary>
    public bool IsZero => (_a | _b | _c | _d) == 0;

    /// <summary>The first 24 bytes.</summary>
    internal (ulong First, ulong Second, ulong Third) Head => (_a, _b, _c);

    /// <summary>Writes the 32 bytes of the digest.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>The first eight hexadecimal digits, the usual short form of snapshot ids.</summary>
    public string ToShortString() => ToString()[..8];

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> digest = stackalloc byte[Size];
        CopyTo(digest);
        return Convert.ToHexStringLower(digest);
    }

    /// <inheritdoc/>
    public bool Equals(Id other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Id other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _a.GetHashCode(); // a digest is already uniform

    /// <inheritdoc/>
    public int CompareTo(Id other)
    {
        var order = _a.CompareTo(other._a);
        if (order == 0) order = _b.CompareTo(other._b);
        if (order == 0) order = _c.CompareTo(other._c);
        return order == 0 ? _d.CompareTo(other._d) : order;
    }

    public static bool operator ==(Id left, Id right) => left.Equals(right);
    public static bool operator !=(Id left, Id right) => !left.Equals(right);
    public static bool operator <(Id left, Id right) => left.CompareTo(right) < 0;
    public static bool operator >(Id left, Id right) => left.CompareTo(right) > 0;
    public static bool operator <=(Id left, Id right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Id left, Id right) => left.CompareTo(right) >= 0;
}
