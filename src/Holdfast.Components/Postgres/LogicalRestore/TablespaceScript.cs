using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>A tablespace that a dump of roles and tablespaces creates.</summary>
/// <param name="Name">The name of the tablespace.</param>
/// <param name="Folder">The absolute path of the tablespace on the server's machine.</param>
internal sealed record DumpedTablespace(string Name, string Folder);

/// <summary>Finds tablespaces in what pg_dumpall writes: <c>CREATE TABLESPACE name OWNER role LOCATION 'path'</c>. Source: pg_dumpall.c, "dumpTablespaces".</summary>
internal static class TablespaceScript
{
    private const string Create = "CREATE TABLESPACE ", Location = " LOCATION ";

    /// <summary>
    /// Reads a script to its end. Tablespaces in the data directory, which have no path, are left out.
    /// </summary>
    /// <exception cref="Engine.Problems.ProblemException">The script was not written by pg_dumpall.</exception>
    public static async Task<IReadOnlyList<DumpedTablespace>> ReadAsync(Stream script, CancellationToken cancellation)
    {
        var found = new List<DumpedTablespace>();
        var reader = new ScriptReader(script);
        while (await StatementScript.ReadAsync(reader, DumpPath.Globals, cancellation) is { } statement)
            if (Parse(statement.Text) is { } tablespace) found.Add(tablespace);
        return found;
    }

    /// <summary>Parses a statement; null for any other statement.</summary>
    /// <param name="statement">The text of the statement; each character is a byte.</param>
    public static DumpedTablespace? Parse(string statement)
    {
        var begin = statement.IndexOf(Create, StringComparison.Ordinal);
        if (begin < 0 || statement.AsSpan(0, begin).ToString().Split('\n').Any(line => line.Trim().Length > 0 && !line.StartsWith("--", StringComparison.Ordinal))) return null;
        var at = begin + Create.Length;
        if (ReadIdentifier(statement, ref at) is not { } name) return null;
        var place = statement.IndexOf(Location, at, StringComparison.Ordinal);
        if (place < 0 || ReadLiteral(statement.AsSpan(place + Location.Length)) is not { } path || !path.StartsWith('/')) return null;
        return new DumpedTablespace(ByteText.Decode(name), ByteText.Decode(path));
    }

    private static string? ReadIdentifier(string text, ref int at)
    {
        var begin = at;
        if (at >= text.Length) return null;
        if (text[at] != '"')
        {
            while (at < text.Length && text[at] != ' ') at++;
            return text[begin..at];
        }
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"') continue;
            if (at + 1 == text.Length || text[at + 1] != '"') return text[(begin + 1)..at++].Replace("\"\"", "\"", StringComparison.Ordinal);
            at++;
        }
        return null;
    }

    /// <summary>Reads a literal. Quotes are doubled, and backslashes too when the literal has the prefix E.</summary>
    private static string? ReadLiteral(ReadOnlySpan<char> text)
    {
        var escapes = text.StartsWith("E'") || text.StartsWith(" E'");
        var begin = text.IndexOf('\'');
        var end = text.LastIndexOf('\'');
        if (begin < 0 || end <= begin) return null;
        var value = text[(begin + 1)..end].ToString().Replace("''", "'", StringComparison.Ordinal);
        return escapes ? value.Replace(@"\\", @"\", StringComparison.Ordinal) : value;
    }
}
