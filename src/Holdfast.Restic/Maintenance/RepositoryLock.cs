
namespace Holdfast.Restic.Maintenance;

/// <summary>Shared: others may read and add. Exclusive: nobody else at all.</summary>
public enum LockKind
{
    Shared,
    Exclusive,
}

/// <summary>A lock as its file tells it.</summary>
public sealed record LockInfo(Id Id, Timestamp Time, bool Exclusive, string Hostname, string Username, int Pid, bool Stale);

/// <summary>A lock that is held, refreshed in the background until it is disposed.</summary>
public sealed class RepositoryLock : IAsyncDisposable
{
    /// <summary>The newest file of the lock; it changes with every refresh.</summary>
    public Id Id => throw new NotImplementedException();

    /// <summary>Cancelled when the lock could not be refreshed in time and may no longer be trusted.</summary>
    public CancellationToken Lost => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
