using System.Text;
using System.Text.Unicode;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>
/// Names of databases, roles and prepared transactions. They are in catalogs that all databases of a cluster share, and
/// each was written by a session of one of them, in its encoding; SQL_ASCII accepts any bytes. A name that is not UTF-8
/// would make any query for it fail, so names are queried as bytes. Source: PostgreSQL's manual, 24.3, "Character Set
/// Support".
/// </summary>
internal static class SharedName
{
    private const char Bytes = 'x', Text = 't';

    /// <summary>
    /// An SQL expression that returns a name, or a text with names in it, in this form; NULL stays NULL.
    /// </summary>
    public static string Ask(string expression) => Ask(expression, "'UTF8', 'SQL_ASCII'");

    /// <summary>
    /// The same in a session of a database that is dumped: where its encoding is SQL_ASCII, all text is passed through
    /// byte by byte anyway.
    /// </summary>
    public static string AskInDump(string expression) => Ask(expression, "'UTF8'");

    private static string Ask(string expression, string encodings) =>
        $"CASE WHEN pg_catalog.getdatabaseencoding() IN ({encodings}) THEN '{Bytes}' || pg_catalog.encode(pg_catalog.replace(({expression})::text, '\\', '\\\\')::bytea, 'hex') ELSE '{Text}' || ({expression})::text END";

    /// <summary>Decodes the name in such a result; null for a name that is not UTF-8, and for NULL.</summary>
    public static string? Find(string? answer) => answer switch
    {
        [Text, .. var text] => text,
        [Bytes, .. var hex] when Convert.FromHexString(hex) is var bytes && Utf8.IsValid(bytes) => Encoding.UTF8.GetString(bytes),
        _ => null,
    };

    /// <summary>The name for display; the bytes of a name that is not UTF-8 are escaped, as "odd\xE9".</summary>
    public static string Show(string answer) => Find(answer)
        ?? (answer is [Bytes, .. var hex] ? string.Concat(Convert.FromHexString(hex).Select(one => one is >= 0x20 and < 0x7F ? $"{(char)one}" : $"\\x{one:X2}")) : "");
}
