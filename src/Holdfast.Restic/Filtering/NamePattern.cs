namespace Holdfast.Restic.Filtering;

/// <summary>
/// A pattern for one name: * matches any run of characters, ? matches one, [a-z] one of a set, [^a-z] one that is not
/// in it, and a backslash escapes the next character. Names that begin with a dot have no special meaning. Matching
/// takes time in proportion to the product of the lengths of pattern and name, however many stars there are. Source:
/// Go, path/filepath, "Match"; unlike there, a star never matches part of a character.
/// </summary>
public sealed class NamePattern
{
    private readonly NamePiece[] _pieces;
    private readonly string? _plain;

    /// <summary>Parses a pattern for one name, which must not contain a slash.</summary>
    /// <exception cref="ResticException">Unsupported: a set that is not closed, or a backslash at the end.</exception>
    public NamePattern(string pattern)
    {
        _pieces = NamePiece.Read(pattern);
        _plain = IsIn(pattern) ? null : pattern;
    }

    /// <summary>True when a text has anything but plain characters, and so matches other names than itself.</summary>
    public static bool IsIn(ReadOnlySpan<char> text) => text.IndexOfAny("*?[\\") >= 0;

    /// <summary>Returns true when the pattern matches the whole name.</summary>
    public bool Matches(ReadOnlySpan<char> name)
    {
        if (_plain is not null) return name.SequenceEqual(_plain);
        // When a piece does not match, only the last star can match more: what earlier stars could match, it can match
        // too.
        var (piece, afterStar, from, at) = (0, -1, 0, 0);
        while (piece < _pieces.Length || at < name.Length)
        {
            if (piece < _pieces.Length && _pieces[piece].IsStar)
                (afterStar, from) = (++piece, at);
            else if (piece < _pieces.Length && _pieces[piece].Take(name[at..]) is > 0 and var length)
                (piece, at) = (piece + 1, at + length);
            else if (afterStar < 0 || from == name.Length)
                return false;
            else
                (piece, at) = (afterStar, from += NamePiece.LengthOfFirst(name[from..]));
        }
        return true;
    }
}
