using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>How a cluster's WAL stands in the archive, and how far the archive is behind the server.</summary>
public sealed record WalStatus
{
    public required string Cluster { get; init; }

    /// <summary>What tells the cluster from every other; null while nothing is known.</summary>
    public ulong? System { get; init; }

    public int SegmentSize { get; init; }

    public required IReadOnlyList<WalRangeStatus> Ranges { get; init; }

    public required IReadOnlyList<WalGapStatus> Gaps { get; init; }

    /// <summary>The last segment that a recovery point of files can be replayed to without a gap; null when there is no such point.</summary>
    public string? Restorable { get; init; }

    /// <summary>The end of the last transaction up to there; null when none is in its last segments.</summary>
    public DateTimeOffset? NewestTime { get; init; }

    /// <summary>The last segment of the newest timeline.</summary>
    public string? Newest { get; init; }

    /// <summary>Snapshots that hold WAL alone.</summary>
    public int Snapshots { get; init; }

    /// <summary>archive_mode of the server; null when it could not be asked.</summary>
    public string? ArchiveMode { get; init; }

    /// <summary>The segment that the server writes now.</summary>
    public string? Current { get; init; }

    /// <summary>Finished segments that are not in the archive; null when it is not known.</summary>
    public long? Behind { get; init; }

    /// <summary>Files that wait in the server's queue.</summary>
    public int? Ready { get; init; }

    /// <summary>When the server archived last, and failed last.</summary>
    public DateTimeOffset? Archived { get; init; }

    public DateTimeOffset? Failed { get; init; }

    /// <summary>What a person should know; the first that is a failure decides the exit code.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }
}

/// <summary>Segments of a timeline that follow each other.</summary>
public sealed record WalRangeStatus(uint Timeline, string First, string Last, long Segments);

/// <summary>Segments that are missing. <paramref name="Matters"/> is false when a recovery point behind it begins anew.</summary>
public sealed record WalGapStatus(string First, string Last, long Segments, bool Matters);
