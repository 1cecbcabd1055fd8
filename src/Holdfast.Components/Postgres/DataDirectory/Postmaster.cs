using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>The server that works in a data directory.</summary>
internal static class Postmaster
{
    /// <summary>postmaster.pid has eight short lines.</summary>
    private const int LargestPidFile = 64 << 10;

    /// <summary>The number of a postmaster that lives in a data directory; null when none does.</summary>
    public static int? Find(string dataDirectory)
    {
        try
        {
            if (ClusterFolder.ReadText($"{dataDirectory}/postmaster.pid", LargestPidFile) is not { } text) return null;
            // A server of one user, for a repair, writes its number with a minus before it.
            return int.TryParse(text.Split('\n')[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out var told) && told != int.MinValue && Math.Abs(told) is var pid && LivesIn(pid, dataDirectory) ? pid : FindByFolder(dataDirectory);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.PostgresFiles.Throwable($"{dataDirectory}/postmaster.pid could not be read: {refused.Message}", refused);
        }
    }

    /// <summary>A server works in its data directory: what has got the number of a dead one does not. One that may not be looked at counts as a server when it is of the same user.</summary>
    private static bool LivesIn(int process, string dataDirectory)
    {
        if (!Directory.Exists($"/proc/{process}")) return false;
        if (LocalEntries.AreSame($"/proc/{process}/cwd", dataDirectory) is { } known) return known;
        try
        {
            using var other = OwnedFile.Open($"/proc/{process}/stat");
            using var own = OwnedFile.Open($"{dataDirectory}/postmaster.pid");
            return other.User == own.User;
        }
        catch (FileNotFoundException)
        {
            return false; // it has ended just now
        }
    }

    /// <summary>
    /// A server in a container has another number here than the one it knows and writes down; and what a server had begun outlives its crash for a while.
    /// It is known by its name and where it works: a person's shell may stand in the folder, too. A postmaster is older than what it begins.
    /// </summary>
    private static int? FindByFolder(string dataDirectory) =>
        Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? process : 0)
            .Where(process => process > 0 && LocalEntries.AreSame($"/proc/{process}/cwd", dataDirectory) == true && IsServer(process))
            .Min(process => (int?)process);

    private static bool IsServer(int process)
    {
        try
        {
            var name = File.ReadAllText($"/proc/{process}/comm");
            return name.Contains("postgres", StringComparison.Ordinal) || name.Contains("postmaster", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it has ended just now
        }
    }
}
