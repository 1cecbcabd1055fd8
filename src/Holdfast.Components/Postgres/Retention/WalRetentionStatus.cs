namespace Holdfast.Components.Postgres.Retention;

/// <summary>The removals in the WAL archive of a cluster, and what can be restored before and after them.</summary>
public sealed record WalRetentionStatus
{
    public required string Cluster { get; init; }

    /// <summary>
    /// The cluster's system identifier: WAL of another cluster of the same name is listed separately.
    /// </summary>
    public required ulong System { get; init; }

    /// <summary>The number of files of the archive that are removed; the first and last name of them follow.</summary>
    public required int Removed { get; init; }
    public string? FirstRemoved { get; init; }
    public string? LastRemoved { get; init; }

    /// <summary>The size in bytes of the removed files, before compression.</summary>
    public required long BytesRemoved { get; init; }

    /// <summary>The number of files of the archive that stay.</summary>
    public required int Kept { get; init; }

    /// <summary>
    /// The ranges of which any instant can be restored, before and after. Other points can be restored to their marks.
    /// </summary>
    public required IReadOnlyList<RestorableSpan> Before { get; init; }
    public required IReadOnlyList<RestorableSpan> After { get; init; }
}

/// <summary>A range of which any instant can be restored.</summary>
/// <param name="Timeline">The timeline that a restore follows.</param>
/// <param name="From">The mark of the recovery point with which it begins.</param>
/// <param name="To">The end of the last transaction; null when its last segments have none.</param>
/// <param name="Point">The recovery point with which it begins.</param>
/// <param name="Last">Its last segment.</param>
public sealed record RestorableSpan(
    uint Timeline, DateTimeOffset From, DateTimeOffset? To, string Point, string Last);
