using System.Runtime.InteropServices;

namespace Holdfast.Restic.Maintenance;

/// <summary>Shared: others may read and add. Exclusive: nobody else at all.</summary>
public enum LockKind
{
    Shared,
    Exclusive,
}

/// <summary>A lock as its file tells it. One that can't be read has no host, no user and the process 0.</summary>
public sealed record LockInfo(Id Id, Timestamp Time, bool Exclusive, string Hostname, string Username, int Pid, bool Stale)
{
    /// <summary>It stands in nobody's way. A stale one does when it is exclusive, until it is removed by who knows that its holder is dead.</summary>
    public bool PassedOver { get; init; }
}

/// <summary>A lock that is held, refreshed in the background until it is disposed.</summary>
public sealed class RepositoryLock : IAsyncDisposable
{
    /// <summary>Others find a lock stale after 30 minutes. Giving up earlier leaves room for clocks that differ. Source: restic, internal/repository/lock.go.</summary>
    private static readonly TimeSpan _lostAfter = TimeSpan.FromMinutes(22.5);
    private static readonly TimeSpan _refreshAfter = TimeSpan.FromMinutes(5);

    // Timers stand still while a machine sleeps and its clock does not: so the clock is looked at often.
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

    /// <summary>The newest file of the lock; it changes with every refresh.</summary>
    public Id Id { get; private set; }

    /// <summary>Cancelled when the lock could not be refreshed in time, or was removed by somebody, and may no longer be trusted.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>What the loss of the lock is as a failure.</summary>
    public ResticException Loss => new(ResticError.LockLost, $"The lock on {_location} could not be refreshed in time, or was removed by another program.");

    /// <summary>Does work that ends as soon as the lock is lost.</summary>
    /// <exception cref="ResticException">LockLost, in the place of the cancellation that the loss was.</exception>
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
    /// A shared lock for what only reads; null where nothing can be written, and so no lock. Locks of others count there, too:
    /// a repository that is read-only to us may be writable to them.
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
    /// "restic unlock" asks whether the holder of a lock is alive by sending it SIGHUP, which would end this process in the
    /// middle of its work; restic ignores the signal too. Source: restic 0.14, internal/restic/lock_unix.go.
    /// </summary>
    private static PosixSignalRegistration IgnoreHangup() => PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);

    /// <summary>Lets others in that read and add: an exclusive lock becomes a shared one, and there is one at any time.</summary>
    /// <exception cref="ResticException">LockLost: it was removed by somebody. ReadOnly, Full, InputOutput: it stays exclusive.</exception>
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

    /// <summary>Removes the lock. It is fine to do so twice.</summary>
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
            // A lock that is left is stale as soon as this process ends, and a failure here would hide the one that ended the work.
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

    /// <summary>Refreshes the lock when it is time; false when it is lost. A refresh that failed is tried again at the next look.</summary>
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

    /// <summary>Writes the new lock, then removes the old one, so that there is one at any time; false when ours was removed by somebody.</summary>
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
