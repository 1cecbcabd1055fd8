using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>Finds the server that runs in a data directory.</summary>
internal static class Postmaster
{
    /// <summary>postmaster.pid has eight short lines.</summary>
    private const int LargestPidFile = 64 << 10;

    /// <summary>Returns the PID of the postmaster of a data directory; null when none runs.</summary>
    public static int? Find(string dataDirectory)
    {
        try
        {
            if (ClusterFolder.ReadText($"{dataDirectory}/postmaster.pid", LargestPidFile) is not { } text) return null;
            // A server in single-user mode writes its PID as a negative number.
            return int.TryParse(text.Split('\n')[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out var told) && told != int.MinValue && Math.Abs(told) is var pid && LivesIn(pid, dataDirectory) ? pid : FindByFolder(dataDirectory);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.PostgresFiles.Throwable($"{dataDirectory}/postmaster.pid could not be read: {refused.Message}", refused);
        }
    }

    /// <summary>
    /// Whether a process works in a data directory, as a server does: a process that has reused the PID of a dead
    /// server does not. A process whose working directory cannot be read counts as a server when it runs as the same
    /// user.
    /// </summary>
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
            return false; // the process has just ended
        }
    }

    /// <summary>
    /// Searches for the server by its name and working directory: a server in a container has another PID here than the
    /// one that it writes to postmaster.pid, and child processes outlive a crashed postmaster for a while. A user's
    /// shell may have this working directory, too, so the name is compared. A postmaster is older than its child
    /// processes.
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
            return false; // the process has just ended
        }
    }
}
