using System.Text;

namespace Holdfast.Restic.Filtering;

/// <summary>
/// [a-z_] or [^a-z_]: one character that is in the set, or that is not. As in Go "!" is a member like any other, and "]" and "-" are
/// members only behind a backslash.
/// </summary>
internal sealed class LetterSet : NamePiece
{
    private readonly List<(Rune Low, Rune High)> _ranges = [];
    private bool _negated;

    /// <summary>Parses a set to its end, from behind its opening bracket.</summary>
    public static LetterSet Read(ref ReadOnlySpan<char> rest)
    {
        var set = new LetterSet { _negated = rest is ['^', ..] };
        if (set._negated) rest = rest[1..];
        do set._ranges.Add(ReadRange(ref rest));
        while (rest is not [']', ..]);
        rest = rest[1..];
        return set;
    }

    protected override bool Fits(Rune letter)
    {
        foreach (var (low, high) in _ranges)
            if (low <= letter && letter <= high) return !_negated;
        return _negated;
    }

    private static (Rune Low, Rune High) ReadRange(ref ReadOnlySpan<char> rest)
    {
        var low = ReadMember(ref rest);
        if (rest is not ['-', ..]) return (low, low);
        rest = rest[1..];
        return (low, ReadMember(ref rest));
    }

    private static Rune ReadMember(ref ReadOnlySpan<char> rest)
    {
        if (rest is ['-', ..] or [']', ..]) throw new ResticException(ResticError.Unsupported, $"'{rest[0]}' in a set needs a backslash before it");
        if (rest is ['\\', ..]) rest = rest[1..];
        if (Rune.DecodeFromUtf16(rest, out var member, out var length) is not System.Buffers.OperationStatus.Done && length > 0)
            throw new ResticException(ResticError.Unsupported, "a set has a byte that is not UTF-8");
        rest = rest[length..];
        if (rest.IsEmpty) throw new ResticException(ResticError.Unsupported, "a bracket is not closed");
        return member;
    }
}
