using Holdfast.Components.Postgres.Format;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// The files that PostgreSQL has finished and that wait to be archived: "archive_status/NAME.ready" beside the WAL.
/// Source: PostgreSQL, src/backend/postmaster/pgarch.c: history files first, then by name.
/// </summary>
internal static class ReadySegments
{
    private const string Status = "archive_status", Ready = ".ready";

    /// <summary>
    /// The next files after one, in the order in which PostgreSQL will archive them; empty when they cannot be listed.
    /// </summary>
    /// <param name="path">The file that is being archived.</param>
    /// <param name="most">The maximum number of files.</param>
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
            return []; // PostgreSQL passes each of them to archive_command by itself.
        }
    }

    /// <summary>The number of files that wait.</summary>
    public static int Count(string log) => Names(log).Count();

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(Path.Combine(folder, Status), $"*{Ready}").Select(file => Path.GetFileName(file)[..^Ready.Length]).Where(name => WalFile.Find(name) is not null);
}
