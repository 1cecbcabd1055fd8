using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>
/// Names for databases that a restore creates or moves aside. PostgreSQL truncates names to 63 bytes without an error
/// (NAMEDATALEN - 1), so a long one is shortened here, and a hash keeps it distinct from others.
/// </summary>
internal static class MadeUpName
{
    public const int Longest = 63;
    private const string IncompleteMark = "__holdfast_";
    private const string AsideMark = "_before_";

    /// <summary>
    /// The name of the database that is being restored, until it is complete. It has ASCII letters only: scripts run in
    /// sessions whose characters are bytes, and Npgsql counts the bytes of a startup packet as UTF-8 whatever the
    /// encoding of the session is, so that the server would wait for more of it.
    /// </summary>
    public static string Incomplete(string database, string run) => Ascii.IsValid(database)
        ? Fit(database, IncompleteMark + Plain(run))
        : Fit(new string([.. database.EnumerateRunes().Select(rune => rune.IsAscii ? (char)rune.Value : '_')]), $"_{Hash(database)}{IncompleteMark}{Plain(run)}");

    /// <summary>The name of the moved-aside copy of the database that existed before the restore.</summary>
    public static string Aside(string database, string run) => Fit(database, AsideMark + Plain(run));

    /// <summary>True for names of <see cref="Incomplete"/>: an undo never drops any other database.</summary>
    public static bool IsIncomplete(string name) => name.Contains(IncompleteMark, StringComparison.Ordinal);

    private static string Fit(string database, string ending)
    {
        if (Encoding.UTF8.GetByteCount(database) + ending.Length <= Longest) return database + ending;
        var tail = $"_{Hash(database)}{ending}";
        return Cut(database, Longest - tail.Length) + tail;
    }

    /// <summary>
    /// Reduces a run's id to plain characters: ids consist of a time and a random part, and the last 24 characters keep
    /// them distinct.
    /// </summary>
    private static string Plain(string run)
    {
        var plain = new string([.. run.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_')]);
        return plain.Length <= 24 ? plain : plain[^24..];
    }

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));

    private static string Cut(string text, int bytes)
    {
        var cut = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            bytes -= rune.Utf8SequenceLength;
            if (bytes < 0) break;
            cut.Append(rune);
        }
        return cut.ToString();
    }
}
