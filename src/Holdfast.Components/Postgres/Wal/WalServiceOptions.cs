using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>The limits of the service that archives WAL.</summary>
public sealed record WalServiceOptions
{
    /// <summary>
    /// How long to wait for the exclusive lock of another process before a push fails, and PostgreSQL tries again: a
    /// minute, a common value of archive_timeout.
    /// </summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The time after which an unused lock is released: 2 seconds.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The time after which a lock is released even under load, so that other processes can take it: 5 minutes.
    /// </summary>
    public TimeSpan LongestLock { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The maximum number of files of one snapshot: 32, half a gigabyte, so that no caller waits longer than a few
    /// seconds for an answer.
    /// </summary>
    public int LargestBatch { get; init; } = 32;

    /// <summary>
    /// The number of WAL snapshots from which on they are combined in an idle moment, and from twice as many under
    /// load: 64.
    /// </summary>
    public int Consolidate { get; init; } = 64;

    /// <summary>The time between two attempts under load: a minute.</summary>
    public TimeSpan Again { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The number of stored files that are remembered, so that they are not compared again.</summary>
    public int Remembered { get; init; } = 4096;
}

/// <summary>A report of what the service has stored, or could not store.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Files">The number of files that became durable.</param>
/// <param name="Newest">The last one by name.</param>
/// <param name="Took">The duration.</param>
public sealed record WalNotice(string Cluster, int Files, string Newest, TimeSpan Took)
{
    /// <summary>The problem that prevented storing; null on success.</summary>
    public Problem? Problem { get; init; }
}
