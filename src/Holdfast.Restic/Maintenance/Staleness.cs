namespace Holdfast.Restic.Maintenance;

/// <summary>Tells which locks nobody holds any more. Source for the times: restic 0.14, internal/restic/lock.go.</summary>
internal static class Staleness
{
    /// <summary>A holder refreshes its lock every 5 minutes; one this old has been given up.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <summary>True when the lock may be removed by who asks for it.</summary>
    public static bool IsStale(StoredLock found) => found.Age > Limit || IsOfDeadProcess(found);

    /// <summary>True when the process that made the lock is known to be gone. Of one in another namespace, boot or machine nobody here knows.</summary>
    public static bool IsOfDeadProcess(StoredLock found) => found.Content is { } content && content.Process.IsGone(content.Pid);

    /// <summary>
    /// True when nobody need mind the lock. Age alone is not enough for an exclusive one: its holder removes what we are about to rely on, and a
    /// machine that slept goes on with it. One that can't be read was never whole, for locks appear whole under their names.
    /// </summary>
    public static bool IsPassedOver(StoredLock found) => IsOfDeadProcess(found) || (found.Age > Limit && found.Content is not { Exclusive: true });

    /// <summary>True for one of ours that may be cleared away by anybody: restic would look at it as held until "restic unlock".</summary>
    public static bool IsLeftBehind(StoredLock found) =>
        IsOfDeadProcess(found) || (found.Age > Limit && found.Content is { Exclusive: false, Process.Boot.Length: > 0 });
}
