using System.Buffers;
using System.Text;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Converts file names between bytes, as Linux has them, and strings. A byte that is not part of valid UTF-8 becomes
/// the lone surrogate U+DC80..U+DCFF, as Python's "surrogateescape" does (PEP 383), so that every name is preserved.
/// </summary>
public static class FileName
{
    private const char FirstStray = '\uDC80';
    private const char LastStray = '\uDCFF';

    /// <summary>Returns the string for the bytes of a name.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Ascii.IsValid(bytes)) return Encoding.ASCII.GetString(bytes);
        char[]? rented = null;
        var chars = bytes.Length <= 512 ? stackalloc char[512] : rented = ArrayPool<char>.Shared.Rent(bytes.Length);
        var text = new string(chars[..Decode(bytes, chars)]);
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        return text;
    }

    /// <summary>
    /// Decodes into <paramref name="chars"/>, which must be at least as long as the bytes; returns the number of chars.
    /// </summary>
    public static int Decode(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var count = 0;
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var consumed);
            if (status == OperationStatus.Done)
                count += rune.EncodeToUtf16(chars[count..]);
            else
                foreach (var stray in bytes[..consumed])
                    chars[count++] = (char)(0xDC00 + stray);
            bytes = bytes[consumed..];
        }
        return count;
    }

    /// <summary>Returns the largest number of bytes for a name of this number of chars.</summary>
    public static int MaxByteCount(int chars) => 3 * chars;

    /// <summary>
    /// Encodes into <paramref name="bytes"/>, of at least <see cref="MaxByteCount"/>; returns the number of bytes.
    /// </summary>
    public static int Encode(ReadOnlySpan<char> name, Span<byte> bytes)
    {
        if (System.Text.Ascii.FromUtf16(name, bytes, out var count) == OperationStatus.Done) return count;
        for (var rest = name[count..]; !rest.IsEmpty;)
        {
            count += EncodeFirst(rest, bytes[count..], out var consumed);
            rest = rest[consumed..];
        }
        return count;
    }

    /// <summary>Returns the bytes of a name, newly allocated.</summary>
    public static byte[] Encode(string name)
    {
        var bytes = new byte[MaxByteCount(name.Length)];
        Array.Resize(ref bytes, Encode(name, bytes));
        return bytes;
    }

    /// <summary>Returns true for a char that represents a byte, when it is not half of a surrogate pair.</summary>
    public static bool IsStrayByte(char letter) => letter is >= FirstStray and <= LastStray;

    /// <summary>Returns true when the name has bytes that are not UTF-8.</summary>
    public static bool HasStrayBytes(ReadOnlySpan<char> name)
    {
        for (var i = name.IndexOfAnyInRange(FirstStray, LastStray); i >= 0;)
        {
            if (i == 0 || !char.IsHighSurrogate(name[i - 1])) return true;
            var next = name[(i + 1)..].IndexOfAnyInRange(FirstStray, LastStray);
            i = next < 0 ? -1 : i + 1 + next;
        }
        return false;
    }

    /// <summary>Compares two names bytewise, which is the order of trees. Nothing is allocated.</summary>
    public static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var at = left.CommonPrefixLength(right);
        if (at == left.Length || at == right.Length) return left.Length.CompareTo(right.Length);
        if (!char.IsSurrogate(left[at]) && !char.IsSurrogate(right[at])) return left[at].CompareTo(right[at]);
        if (at > 0 && char.IsHighSurrogate(left[at - 1])) at--;
        return CompareBytes(left[at..], right[at..]);
    }

    // UTF-16 sorts surrogates before U+E000..U+FFFF, and stray bytes may begin like a character does, so bytes are
    // compared.
    private static int CompareBytes(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        Span<byte> leftBytes = stackalloc byte[4], rightBytes = stackalloc byte[4];
        int leftCount = 0, rightCount = 0, leftAt = 0, rightAt = 0;
        while (true)
        {
            if (leftAt == leftCount && !Refill(ref left, leftBytes, ref leftAt, out leftCount))
                return rightAt < rightCount || !right.IsEmpty ? -1 : 0;
            if (rightAt == rightCount && !Refill(ref right, rightBytes, ref rightAt, out rightCount)) return 1;
            var order = leftBytes[leftAt++].CompareTo(rightBytes[rightAt++]);
            if (order != 0) return order;
        }
    }

    private static bool Refill(ref ReadOnlySpan<char> name, scoped Span<byte> bytes, ref int at, out int count)
    {
        at = count = 0;
        if (name.IsEmpty) return false;
        count = EncodeFirst(name, bytes, out var consumed);
        name = name[consumed..];
        return true;
    }

    private static int EncodeFirst(ReadOnlySpan<char> name, Span<byte> bytes, out int consumed)
    {
        consumed = 1;
        if (IsStrayByte(name[0]))
        {
            bytes[0] = (byte)(name[0] - 0xDC00);
            return 1;
        }
        _ = Rune.DecodeFromUtf16(name, out var rune, out consumed); // a surrogate that is not a stray byte becomes U+FFFD
        return rune.EncodeToUtf8(bytes);
    }
}
