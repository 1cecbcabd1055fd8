using System.Runtime.InteropServices;

namespace Holdfast.Restic.Maintenance;

/// <summary>Shared: other processes may read and add. Exclusive: no other process may use the repository.</summary>
public enum LockKind
{
    Shared,
    Exclusive,
}

/// <summary>
/// A lock, as described by its file. A lock that cannot be read has no host, no user and the process 0.
/// </summary>
public sealed record LockInfo(Id Id, Timestamp Time, bool Exclusive, string Hostname, string Username, int Pid, bool Stale)
{
    /// <summary>
    /// True when the lock does not block other processes. A stale exclusive lock does, until it is removed by a user
    /// who knows that its holder is dead.
    /// </summary>
    public bool PassedOver { get; init; }
}

/// <summary>A held lock, refreshed in the background until it is disposed of.</summary>
public sealed class RepositoryLock : IAsyncDisposable
{
    /// <summary>
    /// Other processes treat a lock as stale after 30 minutes. Giving up earlier allows for differences between clocks.
    /// Source: restic, internal/repository/lock.go.
    /// </summary>
    private static readonly TimeSpan _lostAfter = TimeSpan.FromMinutes(22.5);
    private static readonly TimeSpan _refreshAfter = TimeSpan.FromMinutes(5);

    // Timers stop while a machine sleeps, but its clock does not: so the clock is checked often.
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(10);

    private readonly LockStore _store;
    private readonly string _location;
    private LockKind _kind;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _keeping;

    private readonly PosixSignalRegistration _hangup;
    private DateTimeOffset _written;

    private RepositoryLock(Repository repository, LockStore store, LockKind kind, Id id, LockContent content, PosixSignalRegistration hangup)
    {
        (_store, _kind, _clock, Id, _hangup) = (store, kind, repository.Options.Clock, id, hangup);
        _location = repository.Backend.Location;
        _written = content.Time.ToDateTimeOffset();
        _keeping = KeepAsync();
    }

    /// <summary>The name of the newest lock file; it changes with every refresh.</summary>
    public Id Id { get; private set; }

    /// <summary>
    /// Cancelled when the lock could not be refreshed in time, or was removed by another process, and is no longer
    /// valid.
    /// </summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Returns the exception for the loss of the lock.</summary>
    public ResticException Loss => new(ResticError.LockLost, $"The lock on {_location} could not be refreshed in time, or was removed by another program.");

    /// <summary>Runs work that is cancelled as soon as the lock is lost.</summary>
    /// <exception cref="ResticException">LockLost, in place of the cancellation that the loss caused.</exception>
    public async Task<T> KeepForAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Lost);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException) when (Lost.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Loss;
        }
    }

    internal static async Task<RepositoryLock> AcquireAsync(Repository repository, LockKind kind, TimeSpan? wait, CancellationToken cancellation)
    {
        var clock = repository.Options.Clock;
        var store = new LockStore(repository);
        var hangup = IgnoreHangup();
        try
        {
            var (id, content) = await new LockAttempt(store, repository.Backend.Location, kind, repository.Backend.IsRemote && kind == LockKind.Shared, clock).AcquireAsync(wait ?? TimeSpan.Zero, cancellation);
            return new RepositoryLock(repository, store, kind, id, content, hangup);
        }
        catch
        {
            hangup.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Acquires a shared lock for a reader; null where nothing can be written, and so no lock. Locks of other processes
    /// are respected there, too: a repository that is read-only for this process may be writable for them.
    /// </summary>
    internal static async Task<RepositoryLock?> AcquireToReadAsync(Repository repository, TimeSpan? wait, CancellationToken cancellation)
    {
        try
        {
            return await AcquireAsync(repository, LockKind.Shared, wait, cancellation);
        }
        catch (ResticException failure) when (failure.Error == ResticError.ReadOnly)
        {
            var others = await new LockStore(repository).ListAsync(except: default, cancellation);
            if (LockConflict.Find(others, LockKind.Shared) is { } other) throw LockConflict.Explain(other, repository.Backend.Location);
            return null;
        }
    }

    /// <summary>
    /// Ignores SIGHUP. "restic unlock" sends it to the holder of a lock to find out whether it is alive, which would
    /// end this process in the middle of its work; restic ignores the signal too. Source: restic 0.14,
    /// internal/restic/lock_unix.go.
    /// </summary>
    private static PosixSignalRegistration IgnoreHangup() => PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);

    /// <summary>
    /// Downgrades an exclusive lock to a shared one, so that other processes may read and add; a lock exists at every
    /// instant.
    /// </summary>
    /// <exception cref="ResticException">
    /// LockLost: it was removed by another process. ReadOnly, Full, InputOutput: it stays exclusive.
    /// </exception>
    public async Task ShareAsync(CancellationToken cancellation = default)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            _kind = LockKind.Shared;
            if (!await RefreshAsync(cancellation)) throw Loss;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Removes the lock. May be called more than once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _keeping;
        _hangup.Dispose();
        _turn.Dispose();
        try
        {
            await _store.RemoveAsync(Id, CancellationToken.None);
        }
        catch (ResticException)
        {
            // A lock file that remains is stale as soon as this process ends, and a failure here would hide the one
            // that ended the work.
        }
    }

    private async Task KeepAsync()
    {
        try
        {
            while (await TendAsync(_stop.Token)) await Task.Delay(_look, _clock, _stop.Token);
            await _lost.CancelAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed: the lock is removed there.
        }
    }

    /// <summary>
    /// Refreshes the lock when it is due; false when it is lost. A failed refresh is repeated at the next check.
    /// </summary>
    private async Task<bool> TendAsync(CancellationToken cancellation)
    {
        var age = _clock.GetUtcNow() - _written;
        if (age > _lostAfter) return false;
        if (age < _refreshAfter) return true;
        await _turn.WaitAsync(cancellation);
        try
        {
            return await RefreshAsync(cancellation);
        }
        catch (ResticException)
        {
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Writes the new lock file, then removes the old one, so that one exists at every instant; false when the old one
    /// was removed by another process.
    /// </summary>
    private async Task<bool> RefreshAsync(CancellationToken cancellation)
    {
        if (!await _store.ExistsAsync(Id, cancellation)) return false;
        var content = LockContent.OfThisProcess(_kind, _clock);
        var old = Id;
        Id = await _store.SaveAsync(content, cancellation);
        _written = content.Time.ToDateTimeOffset();
        await _store.RemoveAsync(old, cancellation);
        return true;
    }
}
