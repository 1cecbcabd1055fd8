using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// The repository lock of a long-running process: taken when there is something to store and kept while more arrives
/// soon, because taking it costs a fifth of a second; released when nothing arrives, so that a prune can run. Whenever
/// the lock was taken again, the index is refreshed.
/// </summary>
/// <param name="repository">The repository to lock.</param>
/// <param name="wait">How long to wait for the exclusive lock of another process.</param>
/// <param name="longest">The time after which the lock is released even under load.</param>
/// <param name="clock">Measures the lock's age.</param>
internal sealed class LockLease(Repository repository, TimeSpan wait, TimeSpan longest, TimeProvider clock) : IAsyncDisposable
{
    private RepositoryLock? _held;
    private long _since;

    public bool IsHeld => _held is not null;

    /// <summary>Takes a shared lock, or returns the one that is held. The lease owns it.</summary>
    /// <exception cref="ResticException">Locked: another process did not release its lock in time.</exception>
    public async Task<RepositoryLock> HoldAsync(CancellationToken cancellation)
    {
        if (_held is { } old && (old.Lost.IsCancellationRequested || clock.GetElapsedTime(_since) > longest)) await ReleaseAsync();
        if (_held is { } held) return held;
        _held = await repository.LockAsync(LockKind.Shared, wait, cancellation);
        _since = clock.GetTimestamp();
        await repository.RefreshAsync(cancellation);
        return _held;
    }

    public async Task ReleaseAsync()
    {
        var held = _held;
        _held = null;
        if (held is not null) await held.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await ReleaseAsync();
}
