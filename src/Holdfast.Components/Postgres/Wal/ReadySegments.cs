using Holdfast.Components.Postgres.Format;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// What PostgreSQL has finished and waits to be archived: "archive_status/NAME.ready" beside the log. Source: PostgreSQL, src/backend/postmaster/pgarch.c:
/// histories first, then by name.
/// </summary>
internal static class ReadySegments
{
    private const string Status = "archive_status", Ready = ".ready";

    /// <summary>The next files after one, as PostgreSQL will come to them; none when they can not be listed.</summary>
    /// <param name="path">The file that is archived now.</param>
    /// <param name="most">How many at most.</param>
    public static IReadOnlyList<string> After(string path, int most)
    {
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            return
            [
                .. Names(folder).Where(name => name != Path.GetFileName(path))
                    .OrderByDescending(name => name.EndsWith(".history", StringComparison.Ordinal)).ThenBy(name => name, StringComparer.Ordinal)
                    .Take(most).Select(name => Path.Combine(folder, name)),
            ];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return []; // PostgreSQL hands each of them to us by itself, one after the other.
        }
    }

    /// <summary>How many wait.</summary>
    public static int Count(string log) => Names(log).Count();

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(Path.Combine(folder, Status), $"*{Ready}").Select(file => Path.GetFileName(file)[..^Ready.Length]).Where(name => WalFile.Find(name) is not null);
}
