namespace Holdfast.Components.Postgres.Recovery;

/// <summary>How a restore of files brings the WAL, and how long it waits for the server that replays it.</summary>
internal sealed record BaseRestoreOptions
{
    /// <summary>Segments that a server has beside each other while it fetches them: those that it has replayed are removed when a restart point is made.</summary>
    public const int FedSegments = 64;

    /// <summary>More bytes of WAL than this are fetched as they are replayed: 1 GiB, as much as a server keeps by itself (max_wal_size).</summary>
    public long LargestWal { get; init; } = 1L << 30;

    /// <summary>The program that the server fetches it by.</summary>
    public string Program { get; init; } = Environment.ProcessPath ?? "holdfast";

    /// <summary>A server of which nothing at all has moved for so long hangs. A slow disk or a slow repository moves something within seconds.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(15);
}
