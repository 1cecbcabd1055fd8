namespace Holdfast.Components.Postgres.Retention;

/// <summary>What becomes of the archived WAL of a cluster, and what can be restored before and after.</summary>
public sealed record WalRetentionStatus
{
    public required string Cluster { get; init; }

    /// <summary>The cluster's system identifier: WAL of another cluster of the same name is apart.</summary>
    public required ulong System { get; init; }

    /// <summary>Files of the archive that go, with the first and the last name of them.</summary>
    public required int Removed { get; init; }
    public string? FirstRemoved { get; init; }
    public string? LastRemoved { get; init; }

    /// <summary>Bytes of the files that go, before compression.</summary>
    public required long BytesRemoved { get; init; }

    /// <summary>Files of the archive that stay.</summary>
    public required int Kept { get; init; }

    /// <summary>Where any instant can be restored, now and then. Other points can be restored to their marks.</summary>
    public required IReadOnlyList<RestorableSpan> Before { get; init; }
    public required IReadOnlyList<RestorableSpan> After { get; init; }
}

/// <summary>Any instant of it can be restored.</summary>
/// <param name="Timeline">The timeline that a restore follows.</param>
/// <param name="From">The mark of the recovery point that it begins with.</param>
/// <param name="To">The end of the last transaction; null when its last segments have none.</param>
/// <param name="Point">The recovery point that it begins with.</param>
/// <param name="Last">Its last segment.</param>
public sealed record RestorableSpan(
    uint Timeline, DateTimeOffset From, DateTimeOffset? To, string Point, string Last);
