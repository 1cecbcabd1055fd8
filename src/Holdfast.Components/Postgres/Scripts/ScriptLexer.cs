using System.Text;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>
/// Finds where the statements of a script end, as psql does: at a semicolon outside of quotes, comments, parentheses and bodies of functions.
/// A line that begins with a backslash outside of these is a command of psql, which nothing here ever runs: it is told as such.
/// It works on bytes: in every encoding that a server may have, a byte below 128 is that ASCII character.
/// Source: PostgreSQL's manual, 4.1, "Lexical Structure", and psql's psqlscan.l.
/// </summary>
internal sealed class ScriptLexer
{
    private enum Place
    {
        Statement,
        Quoted,
        Escaped,
        Identifier,
        Dollar,
        LineComment,
        Comment,
    }

    private readonly StringBuilder _word = new();
    private readonly List<string> _firstWords = [];
    private Place _place;
    private byte[] _tag = [];
    private int _parentheses, _comments, _bodies;
    private string _previous = "";
    private bool _hasText;

    /// <summary>Where it has come to, for messages.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Where the statement begins that was found last, or that is being read.</summary>
    public int StatementLine { get; private set; } = 1;

    /// <summary>True between statements: what was read since the last one is white space and comments.</summary>
    public bool IsBetween => !_hasText && _place is Place.Statement or Place.LineComment;

    /// <summary>A quote, comment or parenthesis is open, or a statement without its end.</summary>
    public bool IsOpen => _hasText || _place is not (Place.Statement or Place.LineComment);

    /// <summary>
    /// Goes on from <paramref name="from"/>, where it was left. Returns where the next statement ends, behind its semicolon; -1 when what is
    /// there does not reach so far: then <paramref name="from"/> is where to go on when there is more.
    /// </summary>
    /// <param name="text">From the beginning of the statement on.</param>
    /// <param name="from">Where to go on.</param>
    /// <param name="isLast">Nothing follows: no need to keep back what could be the beginning of something longer.</param>
    /// <exception cref="BackslashCommandException">There is a command of psql.</exception>
    public int Next(ReadOnlySpan<byte> text, ref int from, bool isLast)
    {
        while (from < text.Length)
        {
            // Nothing that is recognised, a dollar quote's tag apart, is longer than two characters.
            if (!isLast && !HasWhole(text[from..])) return -1;
            var length = Step(text, from);
            Line += text.Slice(from, length).Count((byte)'\n');
            from += length;
            if (length == 1 && text[from - 1] == ';' && _place == Place.Statement && _parentheses == 0 && _bodies == 0)
            {
                Begin();
                return from;
            }
        }
        return -1;
    }

    private static bool HasWhole(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 2) return false;
        if (rest[0] != '$') return true;
        var end = rest[1..].IndexOfAnyExcept(WordBytes);
        return end >= 0;
    }

    private static readonly System.Buffers.SearchValues<byte> WordBytes = System.Buffers.SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(value => value >= 128 || char.IsAsciiLetterOrDigit((char)value) || value == '_').Select(value => (byte)value)]);

    private void Begin()
    {
        _hasText = false;
        _previous = "";
        _parentheses = _bodies = 0;
        _firstWords.Clear();
        _word.Clear();
    }

    /// <summary>Takes one thing and returns how many bytes it has.</summary>
    private int Step(ReadOnlySpan<byte> text, int at) => _place switch
    {
        Place.Statement => StepStatement(text, at),
        Place.LineComment => Leave(text[at] == '\n'),
        Place.Comment => StepComment(text[at..]),
        Place.Identifier => StepQuoted(text[at..], (byte)'"', escapes: false),
        Place.Quoted => StepQuoted(text[at..], (byte)'\'', escapes: false),
        Place.Escaped => StepQuoted(text[at..], (byte)'\'', escapes: true),
        _ => StepDollar(text[at..]),
    };

    private int Leave(bool leaves)
    {
        if (leaves) _place = Place.Statement;
        return 1;
    }

    private int StepComment(ReadOnlySpan<byte> rest)
    {
        if (rest.StartsWith("/*"u8)) return Nest(1);
        if (rest.StartsWith("*/"u8)) return Nest(-1);
        return 1;
    }

    private int Nest(int by)
    {
        _comments += by;
        _place = _comments == 0 ? Place.Statement : Place.Comment;
        return 2;
    }

    /// <summary>A doubled quote is one of the text; so is one behind a backslash in E''.</summary>
    private int StepQuoted(ReadOnlySpan<byte> rest, byte quote, bool escapes)
    {
        if (escapes && rest[0] == '\\' && rest.Length > 1) return 2;
        if (rest[0] != quote) return 1;
        if (rest.Length > 1 && rest[1] == quote) return 2;
        _place = Place.Statement;
        return 1;
    }

    private int StepDollar(ReadOnlySpan<byte> rest)
    {
        if (!rest.StartsWith(_tag)) return 1;
        _place = Place.Statement;
        return _tag.Length;
    }

    private int StepStatement(ReadOnlySpan<byte> text, int at)
    {
        var rest = text[at..];
        var first = rest[0];
        if (WordBytes.Contains(first) || (first == '$' && _word.Length > 0)) return AddToWord(first);
        // A quote joined to a word that is "e" alone is one with escapes; other prefixes change nothing about where it ends.
        var prefix = EndWord();
        if (first is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f') return 1;
        if (rest.StartsWith("--"u8)) return Enter(Place.LineComment, 2);
        if (rest.StartsWith("/*"u8)) return Nest(1);
        if (first == '\\') throw new BackslashCommandException(Line, Encoding.Latin1.GetString(text[at..Math.Min(text.Length, at + 60)]).Split('\n')[0]);
        if (first == ';') return 1;
        BeginText();
        if (first == '\'') return Enter(prefix == "e" ? Place.Escaped : Place.Quoted, 1);
        if (first == '"') return Enter(Place.Identifier, 1);
        if (first == '$' && EnterDollar(rest)) return _tag.Length;
        if (first == '(') _parentheses++;
        if (first == ')' && _parentheses > 0) _parentheses--;
        return 1;
    }

    private int AddToWord(byte value)
    {
        BeginText();
        if (_word.Length < 64) _word.Append(char.ToLowerInvariant((char)value));
        return 1;
    }

    private void BeginText()
    {
        if (!_hasText) StatementLine = Line;
        _hasText = true;
    }

    private int Enter(Place place, int length)
    {
        _place = place;
        return length;
    }

    private bool EnterDollar(ReadOnlySpan<byte> rest)
    {
        var end = rest[1..].IndexOfAnyExcept(WordBytes);
        if (end < 0 || rest[end + 1] != '$' || (end > 0 && char.IsAsciiDigit((char)rest[1]))) return false;
        _tag = rest[..(end + 2)].ToArray();
        _place = Place.Dollar;
        return true;
    }

    /// <summary>
    /// The bodies of SQL functions written without quotes have semicolons: they begin with BEGIN ATOMIC, in a statement that begins with CREATE
    /// FUNCTION or PROCEDURE, and end with END; CASE has an END too.
    /// </summary>
    private string EndWord()
    {
        var word = _word.ToString();
        _word.Clear();
        if (word.Length == 0 || char.IsAsciiDigit(word[0])) return word;
        if (_firstWords.Count < 4) _firstWords.Add(word);
        if (_parentheses == 0 && MakesRoutine) CountBodies(word);
        _previous = word;
        return word;
    }

    private void CountBodies(string word)
    {
        if ((word == "atomic" && _previous == "begin") || (word == "case" && _bodies > 0)) _bodies++;
        if (word == "end" && _bodies > 0) _bodies--;
    }

    private bool MakesRoutine => _firstWords is ["create", "function" or "procedure", ..] or ["create", "or", "replace", "function" or "procedure"];
}

/// <summary>A script has a command of psql, which is not SQL.</summary>
internal sealed class BackslashCommandException(int line, string command) : Exception($"line {line} is a command of psql: {command}")
{
    public string Command => command;

    public int At => line;
}
