using System.Text;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// The lines of tablespace_map: a number, a space and a path, in which a backslash escapes the next character, a line
/// break included. Source: PostgreSQL, src/backend/access/transam/xlogrecovery.c, "read_tablespace_map", and xlog.c,
/// "do_pg_backup_start".
/// </summary>
internal static class TablespaceMap
{
    /// <summary>
    /// Reads all lines; a malformed line is left out, as the server would not find its tablespace either.
    /// </summary>
    public static IReadOnlyList<(string Oid, string Path)> Read(string map)
    {
        var (lines, line) = (new List<(string, string)>(), new StringBuilder());
        for (var at = 0; at < map.Length; at++)
        {
            if (map[at] == '\\' && at + 1 < map.Length) line.Append(map[++at]);
            else if (map[at] is '\n' or '\r') End(lines, line);
            else line.Append(map[at]);
        }
        End(lines, line);
        return lines;
    }

    /// <summary>Formats one line.</summary>
    public static string Line(string oid, string path) => $"{oid} {path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\\n", StringComparison.Ordinal).Replace("\r", "\\\r", StringComparison.Ordinal)}\n";

    private static void End(List<(string, string)> lines, StringBuilder line)
    {
        if (line.ToString().Split(' ', 2) is [var oid, var path] && oid.Length > 0 && oid.All(char.IsAsciiDigit)) lines.Add((oid, path));
        line.Clear();
    }
}
