using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>How the service archives WAL.</summary>
public sealed record WalServiceOptions
{
    /// <summary>How long another's exclusive lock is waited for before a push fails, and PostgreSQL tries again: a minute, as long as archive_timeout commonly is.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A lock that nothing was stored under for so long is let go of: 2 seconds.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Under load it is let go of as well, after 5 minutes, so that others have a chance.</summary>
    public TimeSpan LongestLock { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Files of one snapshot: 32, half a gigabyte, so that nobody waits longer than a few seconds for an answer.</summary>
    public int LargestBatch { get; init; } = 32;

    /// <summary>From so many snapshots of WAL on they are made one in an idle moment, and from twice as many under load: 64.</summary>
    public int Consolidate { get; init; } = 64;

    /// <summary>Under load it is tried again after so long: a minute.</summary>
    public TimeSpan Again { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Files that are known to be stored without being compared again.</summary>
    public int Remembered { get; init; } = 4096;
}

/// <summary>What the service has done, or could not do.</summary>
/// <param name="Cluster">Whose WAL.</param>
/// <param name="Files">How many files became durable.</param>
/// <param name="Newest">The last one by name.</param>
/// <param name="Took">How long it took.</param>
public sealed record WalNotice(string Cluster, int Files, string Newest, TimeSpan Took)
{
    /// <summary>Why nothing was stored.</summary>
    public Problem? Problem { get; init; }
}
