using System.Text;

namespace Holdfast.Restic.Filtering;

/// <summary>A piece of a pattern: a star, or what one character of a name must match.</summary>
internal abstract class NamePiece
{
    public virtual bool IsStar => false;

    /// <summary>Parses the pieces of a pattern, in order.</summary>
    /// <exception cref="ResticException">Unsupported: a set that is not closed, or a backslash at the end.</exception>
    public static NamePiece[] Read(string pattern)
    {
        var pieces = new List<NamePiece>();
        for (ReadOnlySpan<char> rest = pattern; !rest.IsEmpty;)
            pieces.Add(ReadOne(ref rest));
        return [.. pieces];
    }

    /// <summary>
    /// Returns the length of the first character of a name. A byte that is not UTF-8 counts as a character: see
    /// <see cref="Posix.FileName"/>.
    /// </summary>
    public static int LengthOfFirst(ReadOnlySpan<char> name)
    {
        Rune.DecodeFromUtf16(name, out _, out var length);
        return length;
    }

    /// <summary>Returns how much of the beginning of the name the piece matches; 0 when it does not match.</summary>
    public virtual int Take(ReadOnlySpan<char> name)
    {
        Rune.DecodeFromUtf16(name, out var first, out var length);
        return length > 0 && Fits(first) ? length : 0;
    }

    protected abstract bool Fits(Rune letter);

    private static NamePiece ReadOne(ref ReadOnlySpan<char> rest)
    {
        var first = rest[0];
        rest = rest[1..];
        switch (first)
        {
            case '*': return new Star();
            case '?': return new Anything();
            case '[': return LetterSet.Read(ref rest);
            case '\\' when rest.IsEmpty: throw new ResticException(ResticError.Unsupported, "a backslash is last");
            case '\\':
                first = rest[0];
                rest = rest[1..];
                break;
        }
        return new Itself(first);
    }

    private sealed class Star : NamePiece
    {
        public override bool IsStar => true;

        protected override bool Fits(Rune letter) => false;
    }

    private sealed class Anything : NamePiece
    {
        protected override bool Fits(Rune letter) => true;
    }

    // Compared in the stored form, so that different bytes that are not UTF-8 are distinguished.
    private sealed class Itself(char letter) : NamePiece
    {
        public override int Take(ReadOnlySpan<char> name) => !name.IsEmpty && name[0] == letter ? 1 : 0;

        protected override bool Fits(Rune letter) => false;
    }
}
