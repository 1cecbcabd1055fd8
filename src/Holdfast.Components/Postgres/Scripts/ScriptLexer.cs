using System.Text;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>
/// Finds where the statements of a script end, as psql does: at a semicolon outside of quotes, comments, parentheses
/// and function bodies. A line that begins with a backslash outside of these is a psql command, which is never run
/// here: it is reported by an exception. Works on bytes: in every server encoding, a byte below 128 is that ASCII
/// character. Source: PostgreSQL's manual, 4.1, "Lexical Structure", and psql's psqlscan.l.
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

    /// <summary>The current line number, for messages.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>The line at which the last statement found, or the one being read, begins.</summary>
    public int StatementLine { get; private set; } = 1;

    /// <summary>True between statements: only white space and comments were read since the last one.</summary>
    public bool IsBetween => !_hasText && _place is Place.Statement or Place.LineComment;

    /// <summary>True while a quote, comment or parenthesis is open, or a statement has not ended.</summary>
    public bool IsOpen => _hasText || _place is not (Place.Statement or Place.LineComment);

    /// <summary>
    /// Continues at <paramref name="from"/>. Returns where the next statement ends, after its semicolon; -1 when the
    /// text does not contain its end: then <paramref name="from"/> is where to continue when there is more text.
    /// </summary>
    /// <param name="text">The text from the beginning of the statement on.</param>
    /// <param name="from">Where to continue.</param>
    /// <param name="isLast">
    /// Nothing follows: what could be the beginning of a longer token need not be held back.
    /// </param>
    /// <exception cref="BackslashCommandException">The script contains a psql command.</exception>
    public int Next(ReadOnlySpan<byte> text, ref int from, bool isLast)
    {
        while (from < text.Length)
        {
            // No token is longer than two characters, except for the tag of a dollar quote.
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

    /// <summary>Consumes one token and returns its length in bytes.</summary>
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

    /// <summary>A doubled quote belongs to the text; so does a quote after a backslash in E''.</summary>
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
        // A quote directly after the single letter "e" allows escapes; other prefixes do not change where it ends.
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
    /// Handles the end of a word. Bodies of SQL functions written without quotes contain semicolons: they begin with
    /// BEGIN ATOMIC, in a statement that begins with CREATE FUNCTION or PROCEDURE, and end with END; CASE has an END
    /// too.
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

/// <summary>The script contains a psql command, which is not SQL.</summary>
internal sealed class BackslashCommandException(int line, string command) : Exception($"line {line} is a command of psql: {command}")
{
    public string Command => command;

    public int At => line;
}
