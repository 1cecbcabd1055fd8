namespace Holdfast.Restic.Filtering;

/// <summary>
/// A pattern for one name: * is any run of characters, ? is one, [a-z] one of a set, [^a-z] one that is not in it, and a backslash
/// takes the next character as it is. Names that begin with a dot are nothing special. It takes time in proportion to the lengths of
/// pattern and name multiplied, however many stars there are. Source: Go, path/filepath, "Match"; unlike there, a star
/// never takes half of a character.
/// </summary>
public sealed class NamePattern
{
    private readonly NamePiece[] _pieces;
    private readonly string? _plain;

    /// <summary>Reads a pattern of one name, which has no slash in it.</summary>
    /// <exception cref="ResticException">Unsupported: a set that is not closed, or a backslash at the end.</exception>
    public NamePattern(string pattern)
    {
        _pieces = NamePiece.Read(pattern);
        _plain = IsIn(pattern) ? null : pattern;
    }

    /// <summary>True when a text has anything but plain characters, and so stands for other names than itself.</summary>
    public static bool IsIn(ReadOnlySpan<char> text) => text.IndexOfAny("*?[\\") >= 0;

    /// <summary>True when the whole name fits.</summary>
    public bool Matches(ReadOnlySpan<char> name)
    {
        if (_plain is not null) return name.SequenceEqual(_plain);
        // When a piece does not fit, only the last star can take more: what stars before it could take, it can take too.
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
