namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Options of a restore from files: how the WAL is supplied, and how long the restore waits for the server that replays
/// it.
/// </summary>
internal sealed record BaseRestoreOptions
{
    /// <summary>
    /// The number of segments that a server keeps while it fetches them: replayed segments are removed at each
    /// restartpoint.
    /// </summary>
    public const int FedSegments = 64;

    /// <summary>
    /// WAL larger than this many bytes is fetched as it is replayed: 1 GiB, the default of max_wal_size.
    /// </summary>
    public long LargestWal { get; init; } = 1L << 30;

    /// <summary>The program that the server's restore_command runs.</summary>
    public string Program { get; init; } = Environment.ProcessPath ?? "holdfast";

    /// <summary>
    /// How long a server may show no progress at all before it counts as hung. A slow disk or repository shows progress
    /// within seconds.
    /// </summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(15);
}
