namespace Holdfast.Components.Postgres.Scripts;

/// <summary>A word of a statement that pg_dump or pg_dumpall wrote.</summary>
/// <param name="Text">For an identifier or a literal its value, without quotes.</param>
/// <param name="Kind">How the word is written.</param>
internal readonly record struct SqlWord(string Text, SqlWordKind Kind)
{
    public bool Is(string keyword) => Kind == SqlWordKind.Bare && Text == keyword;
}

/// <summary>How a word is written: as it is, in double quotes, or in single quotes.</summary>
internal enum SqlWordKind
{
    Bare,
    Quoted,
    Literal,
}

/// <summary>Splits statements into words. Comments, brackets and other signs are left out.</summary>
internal static class SqlWords
{
    /// <summary>Returns the words in their order.</summary>
    /// <param name="statement">The statement's text; each character is one byte.</param>
    public static IReadOnlyList<SqlWord> Of(string statement)
    {
        var words = new List<SqlWord>();
        for (var at = 0; at < statement.Length;)
        {
            var sign = statement[at];
            if (sign == '-' && at + 1 < statement.Length && statement[at + 1] == '-') at = EndOfLine(statement, at);
            else if (sign == '"') words.Add(new SqlWord(Quoted(statement, '"', false, ref at), SqlWordKind.Quoted));
            else if (sign == '\'') words.Add(Literal(words, statement, ref at));
            else if (IsOfWord(sign)) words.Add(new SqlWord(Bare(statement, ref at), SqlWordKind.Bare));
            else at++;
        }
        return words;
    }

    private static int EndOfLine(string text, int at) => text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;

    private static bool IsOfWord(char sign) => char.IsAsciiLetterOrDigit(sign) || sign is '_' or '$' || sign >= 0x80;

    private static string Bare(string text, ref int at)
    {
        var begin = at;
        while (at < text.Length && IsOfWord(text[at])) at++;
        return ByteText.Decode(text[begin..at]);
    }

    /// <summary>
    /// Reads a literal. An E directly before it is not a word: it states that backslashes are doubled.
    /// </summary>
    private static SqlWord Literal(List<SqlWord> words, string text, ref int at)
    {
        var escapes = at > 0 && text[at - 1] == 'E' && words is [.., { Kind: SqlWordKind.Bare, Text: "E" }];
        if (escapes) words.RemoveAt(words.Count - 1);
        return new SqlWord(Quoted(text, '\'', escapes, ref at), SqlWordKind.Literal);
    }

    private static string Quoted(string text, char quote, bool escapes, ref int at)
    {
        var value = new System.Text.StringBuilder();
        for (at++; at < text.Length; at++)
        {
            var doubled = at + 1 < text.Length && text[at + 1] == text[at];
            if (text[at] == quote && !doubled) break;
            if (text[at] == quote || (escapes && text[at] == '\\' && doubled)) at++;
            value.Append(text[at]);
        }
        at++;
        return ByteText.Decode(value.ToString());
    }
}
