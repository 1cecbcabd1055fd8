using System.Buffers.Binary;

namespace Holdfast.Components.Postgres.Format;

/// <summary>The state of a cluster. Source: PostgreSQL, src/include/catalog/pg_control.h, "DBState".</summary>
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
/// The beginning of global/pg_control, which has the same layout from PostgreSQL 11 to 18. Source: pg_control.h,
/// "ControlFileData" and "CheckPoint".
/// </summary>
/// <param name="SystemIdentifier">The cluster's system identifier.</param>
/// <param name="State">The cluster's current or last state.</param>
/// <param name="Checkpoint">The LSN of its last checkpoint.</param>
/// <param name="Timeline">The timeline of that checkpoint.</param>
internal sealed record ControlFile(ulong SystemIdentifier, ClusterState State, ulong Checkpoint, uint Timeline)
{
    /// <summary>The number of bytes of the file that are read.</summary>
    public const int Needed = 64;

    private const int StateAt = 16, CheckpointAt = 32, TimelineAt = 48;

    public static string PathIn(string dataDirectory) => $"{dataDirectory}/global/pg_control";

    /// <summary>Reads the beginning of a control file.</summary>
    /// <param name="bytes">At least 64 bytes.</param>
    public static ControlFile Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        (ClusterState)BinaryPrimitives.ReadInt32LittleEndian(bytes[StateAt..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[CheckpointAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[TimelineAt..]));
}
