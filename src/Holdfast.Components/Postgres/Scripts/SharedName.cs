using System.Text;
using System.Text.Unicode;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>
/// Names of databases, roles and prepared transactions. They are in catalogs that all databases of a cluster share, and each was written by a session of
/// one of them, in its encoding; SQL_ASCII takes any bytes. A name that is not UTF-8 would end whatever asks for it, so it is asked for as bytes.
/// Source: PostgreSQL's manual, 24.3, "Character Set Support".
/// </summary>
internal static class SharedName
{
    private const char Bytes = 'x', Text = 't';

    /// <summary>An expression of SQL for a name, or a text with names in it, that comes in this form; NULL stays NULL.</summary>
    public static string Ask(string expression) => Ask(expression, "'UTF8', 'SQL_ASCII'");

    /// <summary>The same in a session of a database that is dumped: where that is of SQL_ASCII, all text is carried byte by byte anyway.</summary>
    public static string AskInDump(string expression) => Ask(expression, "'UTF8'");

    private static string Ask(string expression, string encodings) =>
        $"CASE WHEN pg_catalog.getdatabaseencoding() IN ({encodings}) THEN '{Bytes}' || pg_catalog.encode(pg_catalog.replace(({expression})::text, '\\', '\\\\')::bytea, 'hex') ELSE '{Text}' || ({expression})::text END";

    /// <summary>The name in such an answer; null for one that is not UTF-8, and for none.</summary>
    public static string? Find(string? answer) => answer switch
    {
        [Text, .. var text] => text,
        [Bytes, .. var hex] when Convert.FromHexString(hex) is var bytes && Utf8.IsValid(bytes) => Encoding.UTF8.GetString(bytes),
        _ => null,
    };

    /// <summary>The name for a person: of one that is not UTF-8 the bytes, as "odd\xE9".</summary>
    public static string Show(string answer) => Find(answer)
        ?? (answer is [Bytes, .. var hex] ? string.Concat(Convert.FromHexString(hex).Select(one => one is >= 0x20 and < 0x7F ? $"{(char)one}" : $"\\x{one:X2}")) : "");
}
