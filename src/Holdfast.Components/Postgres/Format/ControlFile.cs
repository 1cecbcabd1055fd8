using System.Buffers.Binary;
using System.Globalization;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.Format;

/// <summary>What a cluster was last doing. Source: PostgreSQL, src/include/catalog/pg_control.h, "DBState".</summary>
internal enum ClusterState
{
    Starting = 0,
    ShutDown = 1,
    ShutDownInRecovery = 2,
    ShuttingDown = 3,
    InCrashRecovery = 4,
    InArchiveRecovery = 5,
    InProduction = 6,
}

/// <summary>
/// The beginning of global/pg_control, which is the same from PostgreSQL 11 to 18. Source: pg_control.h, "ControlFileData" and "CheckPoint".
/// </summary>
/// <param name="SystemIdentifier">The cluster's own number.</param>
/// <param name="State">What it does, or did last.</param>
/// <param name="Checkpoint">Where its last checkpoint stands in the WAL.</param>
/// <param name="Timeline">The timeline of that checkpoint.</param>
internal sealed record ControlFile(ulong SystemIdentifier, ClusterState State, ulong Checkpoint, uint Timeline)
{
    private const int StateAt = 16, CheckpointAt = 32, TimelineAt = 48, Needed = 64;

    /// <summary>postmaster.pid has eight short lines.</summary>
    private const int LargestPidFile = 64 << 10;

    public static string PathIn(string dataDirectory) => $"{dataDirectory}/global/pg_control";

    /// <exception cref="ProblemException">It is not there, may not be read, or is too short to be one.</exception>
    public static ControlFile Read(string dataDirectory)
    {
        try
        {
            using var file = OwnedFile.Open(PathIn(dataDirectory));
            var bytes = ClusterFolder.ReadBytes(file, Needed);
            return bytes.Length >= Needed ? Parse(bytes) : throw Catalogue.PostgresFiles.Throwable($"{PathIn(dataDirectory)} is too short to be the control file of a cluster.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.PostgresFiles.Throwable($"{PathIn(dataDirectory)} could not be read: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>Null where there is none, as in a folder that a restore was cut off in.</summary>
    /// <exception cref="ProblemException">It may not be read, or is too short to be one.</exception>
    public static ControlFile? TryRead(string dataDirectory) => File.Exists(PathIn(dataDirectory)) ? Read(dataDirectory) : null;

    /// <summary>The number of a postmaster that lives in a data directory; null when none does.</summary>
    public static int? FindPostmaster(string dataDirectory)
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

    /// <summary>Reads the beginning of a control file.</summary>
    /// <param name="bytes">64 at least.</param>
    public static ControlFile Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        (ClusterState)BinaryPrimitives.ReadInt32LittleEndian(bytes[StateAt..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[CheckpointAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[TimelineAt..]));
}
