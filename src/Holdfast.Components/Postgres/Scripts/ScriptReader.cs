using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>The parts of a pg_dump script that are run one after the other.</summary>
internal enum ScriptPass
{
    /// <summary>Definitions, with privileges on schemas, functions and types.</summary>
    Objects,

    /// <summary>Privileges on tables and other relations.</summary>
    Rights,

    /// <summary>What is filled by its owner's queries, and what reacts to statements.</summary>
    Last,
}

/// <summary>One statement of a script. Each character of <paramref name="Text"/> is one byte of the script.</summary>
internal sealed partial record ScriptStatement(string Text, int Line)
{
    private const int Longest = 100;

    [GeneratedRegex("^(GRANT|REVOKE)( GRANT OPTION FOR)? [A-Z, ]+ ON (SCHEMA|FUNCTION|PROCEDURE|ROUTINE|TYPE|DOMAIN|LANGUAGE) ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex EarlyRight();

    [GeneratedRegex("^(REFRESH MATERIALIZED VIEW|(CREATE|ALTER|COMMENT ON) EVENT TRIGGER|SECURITY LABEL FOR [^ ]+ ON EVENT TRIGGER) ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex LastObject();

    /// <summary>The characters that can begin a value or a bracket.</summary>
    private const string Values = "('$;";

    private const string SetAuthorization = "SET SESSION AUTHORIZATION ";

    /// <summary>
    /// Whether it sets the role of the statements after it: pg_dump writes SET SESSION AUTHORIZATION for privileges
    /// that were granted by others. Source: buildACLCommands in dumputils.c.
    /// </summary>
    /// <param name="text">The statement.</param>
    /// <param name="role">The role as a quoted SQL identifier; null when the session's own role is set again.</param>
    public static bool IsAuthorization(string text, out string? role)
    {
        var statement = WithoutComments(text);
        role = null;
        if (statement is "RESET SESSION AUTHORIZATION;" or "RESET SESSION AUTHORIZATION") return true;
        if (!statement.StartsWith(SetAuthorization, StringComparison.Ordinal)) return false;
        role = statement[SetAuthorization.Length..].TrimEnd(';');
        return RoleGrant.IsIdentifier(role);
    }

    /// <summary>
    /// The role that the statement makes an object's owner, as a quoted SQL identifier; null for any other statement.
    /// </summary>
    public static string? OwnerOf(string text)
    {
        const string Words = " OWNER TO ";
        var statement = WithoutComments(text);
        var at = statement.LastIndexOf(Words, StringComparison.Ordinal);
        return at < 0 || !statement.StartsWith("ALTER ", StringComparison.Ordinal) ? null : statement[(at + Words.Length)..].TrimEnd(';', ' ');
    }

    /// <summary>Whether it grants or revokes privileges, or sets the role for that.</summary>
    public bool IsOfRights => IsRight(Text) || IsAuthorization(Text, out _);

    /// <summary>Whether it is a GRANT or REVOKE.</summary>
    public static bool IsRight(string text) => WithoutComments(text) is var words
        && (words.StartsWith("GRANT ", StringComparison.Ordinal) || words.StartsWith("REVOKE ", StringComparison.Ordinal) || words.StartsWith("ALTER DEFAULT PRIVILEGES ", StringComparison.Ordinal));

    /// <summary>
    /// The pass in which the statement is run. Privileges on what can be called or named give no access to rows, and
    /// constraints need them; privileges on rows are granted when everything exists that restricts them. Source: the
    /// passes of pg_restore, pg_backup_archiver.c.
    /// </summary>
    public ScriptPass Pass => WithoutComments(Text) switch
    {
        var words when IsOfRights => EarlyRight().IsMatch(words) ? ScriptPass.Objects : ScriptPass.Rights,
        var words when LastObject().IsMatch(words) => ScriptPass.Last,
        _ => ScriptPass.Objects,
    };

    /// <summary>Whether it fills a materialized view.</summary>
    public bool Refreshes => WithoutComments(Text).StartsWith("REFRESH MATERIALIZED VIEW ", StringComparison.Ordinal);

    /// <summary>The line that pg_dump writes before the first statement of each object: "-- Name: n; Type: t; Schema: s; Owner: o".</summary>
    public static string? HeadOf(string text)
    {
        for (var rest = text.AsSpan(); ;)
        {
            var end = rest.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            if (line.StartsWith("-- Name: ", StringComparison.Ordinal)) return line.TrimEnd('\r').ToString();
            if (end < 0 || !(line.StartsWith("--", StringComparison.Ordinal) || line.IsWhiteSpace())) return null;
            rest = rest[(end + 1)..];
        }
    }

    /// <summary>
    /// The value after "Owner:"; null where the name of the object could have been chosen to look like it.
    /// </summary>
    public static string? RoleIn(string head)
    {
        const string Word = "; Owner: ";
        var at = head.IndexOf(Word, StringComparison.Ordinal);
        return at < 0 || at != head.LastIndexOf(Word, StringComparison.Ordinal) ? null : head[(at + Word.Length)..];
    }

    /// <summary>The statement on one line, without the comments that pg_dump writes before it.</summary>
    public static string WithoutComments(string text) =>
        string.Join(' ', text.Split('\n').Select(line => line.Trim()).SkipWhile(line => line.Length == 0 || line.StartsWith("--", StringComparison.Ordinal)));

    /// <summary>
    /// Its first words, up to the first value or bracket: what it creates or changes, and never a password.
    /// </summary>
    public static string BeginningOf(string text)
    {
        text = WithoutComments(text);
        var end = text.AsSpan().IndexOfAny(Values);
        return Shorten(ByteText.Decode(end < 0 ? text : text[..end]));
    }

    /// <summary>The same for a statement whose characters are decoded text.</summary>
    public static string CutAtValue(string text) => text.AsSpan().IndexOfAny(Values) is >= 0 and var end ? Shorten(text[..end]) : Shorten(text);

    private static string Shorten(string words) => words.TrimEnd() is { Length: > Longest } longer ? $"{longer[..Longest]}..." : words.TrimEnd();
}

/// <summary>Splits a script into statements while it is read.</summary>
internal sealed class ScriptReader(Stream script)
{
    /// <summary>
    /// The largest statement in bytes: PostgreSQL accepts no message over 1 GiB, so no dump has a longer one.
    /// </summary>
    private const int Longest = 1 << 30;

    /// <summary>
    /// Lines that pg_dump writes for psql, and that mean nothing to a server. Source: pg_dump.c, CVE-2025-8714.
    /// </summary>
    private static readonly byte[][] _fences = [@"\restrict "u8.ToArray(), @"\unrestrict "u8.ToArray()];

    private readonly ScriptLexer _lexer = new();
    private byte[] _buffer = new byte[128 << 10];
    private int _from, _to, _at;
    private bool _isEnded, _isAtLineStart = true;

    /// <summary>Returns the next statement; null at the end of the script.</summary>
    /// <exception cref="BackslashCommandException">
    /// The script has a psql command that pg_dump does not write itself.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// The script ends within a statement, or a statement is too long.
    /// </exception>
    public async Task<ScriptStatement?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (await SkipFenceAsync(cancellation)) continue;
            var before = _at;
            var at = _at - _from;
            var end = Find(ref at);
            _at = _from + at;
            if (end >= 0) return Take(end);
            if (_at > before && _at < _to) continue;
            if (_isEnded) return Finish();
            await FillAsync(cancellation);
        }
    }

    private int Find(ref int at)
    {
        // Between statements the search stops at each line, so that fences are seen.
        var text = _buffer.AsSpan(_from.._to);
        if (!_lexer.IsBetween) return _lexer.Next(text, ref at, _isEnded);
        var line = text[at..].IndexOf((byte)'\n');
        var part = line < 0 ? text : text[..(at + line + 1)];
        var before = at;
        var end = _lexer.Next(part, ref at, line >= 0 || _isEnded);
        if (at != before) _isAtLineStart = text[at - 1] == '\n';
        return end;
    }

    private async Task<bool> SkipFenceAsync(CancellationToken cancellation)
    {
        if (!_isAtLineStart || !_lexer.IsBetween) return false;
        while (!_isEnded && _buffer.AsSpan(_at.._to).IndexOf((byte)'\n') < 0 && _to - _at < 4096) await FillAsync(cancellation);
        var rest = _buffer.AsSpan(_at.._to);
        if (!IsFence(rest)) return false;
        var end = rest.IndexOf((byte)'\n');
        _at = end < 0 ? _to : _at + end + 1;
        _from = _at;
        return true;
    }

    /// <summary>
    /// Whether a line is one of these commands: a key of letters and digits, and nothing after it on the line.
    /// </summary>
    public static bool IsFence(ReadOnlySpan<byte> line)
    {
        foreach (var fence in _fences)
        {
            if (!line.StartsWith(fence)) continue;
            var key = line[fence.Length..];
            var end = key.IndexOf((byte)'\n');
            if (end >= 0) key = key[..end];
            return key.Length > 0 && !key.ContainsAnyExcept(_keyBytes);
        }
        return false;
    }

    private static readonly System.Buffers.SearchValues<byte> _keyBytes = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"u8);

    private ScriptStatement Take(int end)
    {
        var text = Encoding.Latin1.GetString(_buffer, _from, end);
        _from += end;
        _at = _from;
        _isAtLineStart = false;
        return new ScriptStatement(text, _lexer.StatementLine);
    }

    private ScriptStatement? Finish()
    {
        if (_lexer.IsOpen) throw new InvalidDataException($"the script ends within a statement that begins before line {_lexer.Line}");
        return null;
    }

    private async Task FillAsync(CancellationToken cancellation)
    {
        if (_from > 0)
        {
            _buffer.AsSpan(_from.._to).CopyTo(_buffer);
            (_at, _to, _from) = (_at - _from, _to - _from, 0);
        }
        if (_to == Longest) throw new InvalidDataException($"the statement before line {_lexer.Line} is longer than {ByteSize.Describe(Longest)}");
        if (_to == _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min((long)_buffer.Length * 2, Longest));
        var read = await script.ReadAsync(_buffer.AsMemory(_to), cancellation);
        _isEnded = read == 0;
        _to += read;
    }
}
