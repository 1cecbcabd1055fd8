using System.Text;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// The lines of tablespace_map: a number, a space and a path, in which a backslash makes the next character count as it is, a line break too. Source:
/// PostgreSQL, src/backend/access/transam/xlogrecovery.c, "read_tablespace_map", and xlog.c, "do_pg_backup_start".
/// </summary>
internal static class TablespaceMap
{
    /// <summary>Reads all lines; what is no line is left out, as the server would not know its tablespace.</summary>
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

    /// <summary>A line of it.</summary>
    public static string Line(string oid, string path) => $"{oid} {path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\\n", StringComparison.Ordinal).Replace("\r", "\\\r", StringComparison.Ordinal)}\n";

    private static void End(List<(string, string)> lines, StringBuilder line)
    {
        if (line.ToString().Split(' ', 2) is [var oid, var path] && oid.Length > 0 && oid.All(char.IsAsciiDigit)) lines.Add((oid, path));
        line.Clear();
    }
}
