using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>The state of a cluster's WAL archive, and how far the archive is behind the server.</summary>
public sealed record WalStatus
{
    public required string Cluster { get; init; }

    /// <summary>The cluster's system identifier; null while it is unknown.</summary>
    public ulong? System { get; init; }

    public int SegmentSize { get; init; }

    public required IReadOnlyList<WalRangeStatus> Ranges { get; init; }

    public required IReadOnlyList<WalGapStatus> Gaps { get; init; }

    /// <summary>
    /// The last segment to which a recovery point of files can be replayed without a gap; null when there is no such
    /// point.
    /// </summary>
    public string? Restorable { get; init; }

    /// <summary>The end of the last transaction up to that segment; null when its last segments contain none.</summary>
    public DateTimeOffset? NewestTime { get; init; }

    /// <summary>The last segment of the newest timeline.</summary>
    public string? Newest { get; init; }

    /// <summary>The number of snapshots that hold WAL alone.</summary>
    public int Snapshots { get; init; }

    /// <summary>archive_mode of the server; null when it could not be queried.</summary>
    public string? ArchiveMode { get; init; }

    /// <summary>The segment that the server is writing.</summary>
    public string? Current { get; init; }

    /// <summary>The number of finished segments that are not in the archive; null when it is unknown.</summary>
    public long? Behind { get; init; }

    /// <summary>The number of files that wait to be archived by the server.</summary>
    public int? Ready { get; init; }

    /// <summary>When the server last archived a file.</summary>
    public DateTimeOffset? Archived { get; init; }

    public DateTimeOffset? Failed { get; init; }

    /// <summary>The problems to report; the first failure among them determines the exit code.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }
}

/// <summary>Consecutive segments of a timeline.</summary>
public sealed record WalRangeStatus(uint Timeline, string First, string Last, long Segments);

/// <summary>
/// A range of missing segments. <paramref name="Matters"/> is false when a later recovery point makes them unnecessary.
/// </summary>
public sealed record WalGapStatus(string First, string Last, long Segments, bool Matters);
