using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Maintenance;

/// <summary>Finds the lock that does not go with ours and says who holds it.</summary>
internal static class LockConflict
{
    /// <summary>Exclusive goes with nothing, shared with shared. Stale locks stand in nobody's way; one that can't be read does.</summary>
    public static StoredLock? Find(IEnumerable<StoredLock> others, LockKind wanted, TimeProvider clock) =>
        others.FirstOrDefault(other => other.Content is not { } content
            || ((wanted == LockKind.Exclusive || content.Exclusive) && !Staleness.IsStale(content, clock)));

    public static ResticException Explain(StoredLock other, string location, TimeProvider clock)
    {
        if (other.Content is not { } content)
            return new(ResticError.Locked, $"{location} has a lock that can't be read: {Layout.PathOf(FileKind.Lock, other.Id.ToString())}.");
        var how = content.Exclusive ? "exclusively locked" : "locked";
        var age = clock.GetUtcNow() - content.Time.ToDateTimeOffset();
        return new(ResticError.Locked,
            $"{location} is {how} by user {content.Username} on host {content.Hostname}, process {content.Pid}, "
            + $"last refreshed {(int)age.TotalMinutes} min ago at {content.Time} ({Where(content)}).");
    }

    private static string Where(LockContent content) => content.Hostname == LockContent.ThisHost
        ? "that process is running on this machine"
        : $"not stale before it is {Staleness.Limit.TotalMinutes:0} min old";
}
