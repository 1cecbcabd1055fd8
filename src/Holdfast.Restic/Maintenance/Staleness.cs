using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Maintenance;

/// <summary>Tells which locks nobody holds any more. Source for the times: restic 0.14, internal/restic/lock.go.</summary>
internal static class Staleness
{
    /// <summary>A holder refreshes its lock every 5 minutes; one this old has been given up.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    // A process start is known to the second only, and so is the time of boot.
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(2);

    public static bool IsStale(LockContent content, TimeProvider clock) => IsTooOld(content, clock) || IsOfDeadProcess(content);

    /// <summary>True when the lock was made on this machine by a process that is gone, whose number may have gone to another one since.</summary>
    public static bool IsOfDeadProcess(LockContent content) =>
        content.Hostname == LockContent.ThisHost && content.Pid > 0
        && (!RunningProcess.IsAlive(content.Pid) || RunningProcess.StartedAt(content.Pid) > content.Time.ToDateTimeOffset() + _slack);

    private static bool IsTooOld(LockContent content, TimeProvider clock) => clock.GetUtcNow() - content.Time.ToDateTimeOffset() > Limit;
}
