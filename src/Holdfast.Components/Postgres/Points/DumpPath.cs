using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Components.Postgres.Points;

/// <summary>
/// The paths of dumps in a recovery point. Names of databases, schemas and tables become file names by writing
/// everything but ASCII letters, digits, '_', '-' and '$' as %XX of its UTF-8 bytes: so no name contains a path
/// separator, different names stay different, and psql reads them in a script of any encoding.
/// </summary>
internal static class DumpPath
{
    public const string Globals = "globals.sql";
    public const string Contents = "database.json";
    public const string PreData = "pre-data.sql";
    public const string PostData = "post-data.sql";
    public const string LargeObjects = "large-objects.sql";
    public const string Sequences = "sequences.sql";
    public const string Restore = "restore.sql";

    /// <summary>
    /// The longest name in bytes; longer names are cut and end in a hash of the whole. A file name has 255 bytes at
    /// most.
    /// </summary>
    private const int LongestName = 200;

    /// <summary>The path of the folder of a cluster.</summary>
    public static string Cluster(string cluster) => $"/postgres/{Escape(cluster)}";

    public static string Dump(string cluster) => $"{Cluster(cluster)}/dump";

    public static string Database(string cluster, string database) => $"{Dump(cluster)}/{Bounded(Escape(database))}";

    /// <summary>The path of a table's rows, relative to the folder of the database.</summary>
    public static string Table(string schema, string table) => $"data/{Bounded($"{Escape(schema)}.{Escape(table)}")}.copy";

    public static string Escape(string name)
    {
        var escaped = new StringBuilder(name.Length);
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            var character = (char)value;
            if (char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '$') escaped.Append(character);
            else escaped.Append('%').Append(value.ToString("X2"));
        }
        return escaped.ToString();
    }

    private static string Bounded(string escaped)
    {
        if (escaped.Length <= LongestName) return escaped;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(escaped)).AsSpan(0, 8));
        return $"{escaped[..(LongestName - hash.Length - 1)]}~{hash}";
    }
}
