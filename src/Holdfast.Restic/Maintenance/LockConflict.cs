using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Maintenance;

/// <summary>Finds a conflicting lock and describes its holder.</summary>
internal static class LockConflict
{
    /// <summary>
    /// An exclusive lock conflicts with every other, a shared one only with exclusive ones. A lock that cannot be read
    /// may be either.
    /// </summary>
    public static StoredLock? Find(IEnumerable<StoredLock> others, LockKind wanted) =>
        others.FirstOrDefault(other => (wanted == LockKind.Exclusive || other.Content is not { Exclusive: false }) && !Staleness.IsPassedOver(other));

    public static ResticException Explain(StoredLock other, string location)
    {
        var minutes = $"{(int)other.Age.TotalMinutes} min ago";
        if (other.Content is not { } content)
            return new(ResticError.Locked, $"{location} has a lock that can't be read, written {minutes}: {Layout.PathOf(FileKind.Lock, other.Id.ToString())}.");
        var how = content.Exclusive ? "exclusively locked" : "locked";
        return new(ResticError.Locked,
            $"{location} is {how} by user {content.Username} on host {content.Hostname}, process {content.Pid}, last refreshed {minutes} ({Where(other, content)}).");
    }

    private static string Where(StoredLock other, LockContent content) =>
        other.Age > Staleness.Limit ? "longer ago than a living holder leaves it"
        : content.Process.Boot == Posix.ProcessIdentity.Own.Boot && content.Process.Namespace == Posix.ProcessIdentity.Own.Namespace ? "that process is running on this machine"
        : $"not stale before it is {Staleness.Limit.TotalMinutes:0} min old";
}
