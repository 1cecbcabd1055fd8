namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Determines which locks no process holds any more. Source for the times: restic 0.14, internal/restic/lock.go.
/// </summary>
internal static class Staleness
{
    /// <summary>The age at which a lock counts as abandoned; its holder refreshes it every 5 minutes.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <summary>Returns true when the lock may be removed on request.</summary>
    public static bool IsStale(StoredLock found) => found.Age > Limit || IsOfDeadProcess(found);

    /// <summary>
    /// Returns true when the process that created the lock is known to have ended. This cannot be determined for
    /// another namespace, boot or machine.
    /// </summary>
    public static bool IsOfDeadProcess(StoredLock found) => found.Content is { } content && content.Process.IsGone(content.Pid);

    /// <summary>
    /// Returns true when the lock can be ignored. Age alone is not sufficient for an exclusive one: its holder may
    /// remove what this process is about to rely on, and continues to do so after its machine has slept. A lock that
    /// cannot be read was never complete, because locks appear complete under their names.
    /// </summary>
    public static bool IsPassedOver(StoredLock found) => IsOfDeadProcess(found) || (found.Age > Limit && found.Content is not { Exclusive: true });

    /// <summary>
    /// Returns true for a lock of this program that any process may remove: restic would treat it as held until "restic
    /// unlock".
    /// </summary>
    public static bool IsLeftBehind(StoredLock found) =>
        IsOfDeadProcess(found) || (found.Age > Limit && found.Content is { Exclusive: false, Process.Boot.Length: > 0 });
}
