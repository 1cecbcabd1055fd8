namespace Holdfast.Components.Postgres.Base;

/// <summary>How a restore of files brings the WAL.</summary>
internal sealed record BaseRestoreOptions
{
    /// <summary>Segments that a server has beside each other while it fetches them: those that it has replayed are removed when a restart point is made.</summary>
    public const int FedSegments = 64;

    /// <summary>More bytes of WAL than this are fetched as they are replayed: 1 GiB, as much as a server keeps by itself (max_wal_size).</summary>
    public long LargestWal { get; init; } = 1L << 30;

    /// <summary>The program that the server fetches it by.</summary>
    public string Program { get; init; } = Environment.ProcessPath ?? "holdfast";
}
