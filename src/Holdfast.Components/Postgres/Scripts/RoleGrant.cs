namespace Holdfast.Components.Postgres.Scripts;

/// <summary>
/// A statement that makes a role a member of another one, as pg_dumpall writes it. Source: dumpRoleMembership in
/// pg_dumpall.c.
/// </summary>
/// <param name="Statement">The statement; each character is one byte.</param>
/// <param name="Plain">The same without GRANTED BY, so that the role that runs it is the grantor.</param>
internal sealed record RoleGrant(string Statement, string Plain)
{
    private const string Grant = "GRANT ", To = " TO ", By = " GRANTED BY ";

    /// <summary>Whether the member has ADMIN OPTION.</summary>
    public bool IsAdmin => Plain.Contains(" WITH ADMIN ", StringComparison.Ordinal);

    /// <summary>
    /// Parses a statement; null for anything but a role membership: a privilege on an object has the object after its
    /// first word.
    /// </summary>
    public static RoleGrant? Parse(string text)
    {
        var statement = ScriptStatement.WithoutComments(text).TrimEnd(';', ' ');
        if (!statement.StartsWith(Grant, StringComparison.Ordinal)) return null;
        var end = IdentifierEnd(statement, Grant.Length);
        if (!statement.AsSpan(end).StartsWith(To, StringComparison.Ordinal)) return null;
        var by = statement.LastIndexOf(By, StringComparison.Ordinal);
        // A name may contain these words: then the quote before it is still open.
        var isOfStatement = by > 0 && statement.AsSpan(0, by).Count('"') % 2 == 0;
        return new RoleGrant(statement, isOfStatement ? statement[..by] : statement);
    }

    /// <summary>Whether a text is an identifier as pg_dump writes it: quoted where necessary.</summary>
    public static bool IsIdentifier(string text) => text.Length > 0 && IdentifierEnd(text, 0) == text.Length;

    /// <summary>Where the identifier that begins at a position ends; the position itself when there is none.</summary>
    private static int IdentifierEnd(string text, int begin)
    {
        var at = begin;
        if (at < text.Length && text[at] != '"')
        {
            while (at < text.Length && IsPlain(text[at])) at++;
            return at;
        }
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"') continue;
            if (at + 1 == text.Length || text[at + 1] != '"') return at + 1;
            at++;
        }
        return begin;
    }

    private static bool IsPlain(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_';
}
