using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// The lock of a process that lives long: taken when there is something to store and kept while more comes soon, for taking it costs a fifth of a
/// second; let go of when nothing comes, so that a prune has its turn. After it was taken anew the index is brought up to date.
/// </summary>
/// <param name="repository">What is locked.</param>
/// <param name="wait">How long somebody else's exclusive lock is waited for.</param>
/// <param name="longest">After so long it is let go of even under load.</param>
/// <param name="clock">Tells ages.</param>
internal sealed class LockLease(Repository repository, TimeSpan wait, TimeSpan longest, TimeProvider clock) : IAsyncDisposable
{
    private RepositoryLock? _held;
    private long _since;

    public bool IsHeld => _held is not null;

    /// <summary>Holds a shared lock from now on. It stays the lease's.</summary>
    /// <exception cref="ResticException">Locked: another one did not let go in time.</exception>
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
