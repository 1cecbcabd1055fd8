using System.Buffers.Binary;
using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.Base;

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

    public static string PathIn(string dataDirectory) => $"{dataDirectory}/global/pg_control";

    /// <exception cref="ProblemException">It is not there, may not be read, or is too short to be one.</exception>
    public static ControlFile Read(string dataDirectory)
    {
        try
        {
            var bytes = File.ReadAllBytes(PathIn(dataDirectory));
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
            var first = File.ReadLines($"{dataDirectory}/postmaster.pid").FirstOrDefault();
            // A server of one user, for a repair, writes its number with a minus before it.
            return int.TryParse(first, NumberStyles.Integer, CultureInfo.InvariantCulture, out var told) && Math.Abs(told) is var pid && LivesIn(pid, dataDirectory) ? pid : null;
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
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
        using var other = OwnedFile.Open($"/proc/{process}/stat");
        using var own = OwnedFile.Open($"{dataDirectory}/postmaster.pid");
        return other.User == own.User;
    }

    private static ControlFile Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        (ClusterState)BinaryPrimitives.ReadInt32LittleEndian(bytes[StateAt..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[CheckpointAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[TimelineAt..]));
}
