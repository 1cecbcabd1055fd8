using System.Security.Cryptography;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Acquires a lock on a backend without locking primitives: checks for conflicting locks, writes its own, waits until
/// concurrent writes are visible, and checks again. Of two that write at once both may give way; they never both
/// proceed. Source: restic 0.14, internal/restic/lock.go, "newLock".
/// </summary>
/// <param name="store">The lock files.</param>
/// <param name="location">The location for messages.</param>
/// <param name="kind">The kind of lock.</param>
/// <param name="saves">
/// Whether to write a shared lock at once on the first attempt, for a backend on which each check costs a round trip:
/// the check after the write decides whether it holds.
/// </param>
/// <param name="clock">The clock that dates the lock.</param>
internal sealed class LockAttempt(LockStore store, string location, LockKind kind, bool saves, TimeProvider clock)
{
    private static readonly TimeSpan _settle = TimeSpan.FromMilliseconds(200);

    /// <summary>Retries until <paramref name="wait"/> has elapsed, then fails with Locked.</summary>
    public async Task<(Id Id, LockContent Content)> AcquireAsync(TimeSpan wait, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await TryAsync(looksFirst: !saves || tries > 0, cancellation);
            }
            catch (ResticException failure) when (failure.Error == ResticError.Locked && clock.GetElapsedTime(began) < wait)
            {
                await Task.Delay(Pause(), clock, cancellation);
            }
        }
    }

    private async Task<(Id Id, LockContent Content)> TryAsync(bool looksFirst, CancellationToken cancellation)
    {
        if (looksFirst) await ExpectNoConflictAsync(ours: default, cancellation);
        var content = LockContent.OfThisProcess(kind, clock);
        var id = await store.SaveAsync(content, cancellation);
        try
        {
            await Task.Delay(_settle, clock, cancellation);
            await ExpectNoConflictAsync(id, cancellation);
        }
        catch
        {
            await store.RemoveAsync(id, CancellationToken.None);
            throw;
        }
        return (id, content);
    }

    /// <summary>
    /// Removes locks of dead processes of this program: restic treats every lock as held until "restic unlock", so they
    /// would block it indefinitely.
    /// </summary>
    private async Task ExpectNoConflictAsync(Id ours, CancellationToken cancellation)
    {
        var held = new List<StoredLock>();
        foreach (var found in await store.ListAsync(ours, cancellation))
        {
            if (Staleness.IsLeftBehind(found)) await store.RemoveAsync(found.Id, cancellation);
            else held.Add(found);
        }
        if (LockConflict.Find(held, kind) is { } other) throw LockConflict.Explain(other, location);
    }

    /// <summary>
    /// Returns the pause before the next attempt. One to two seconds, random, so that two that gave way to each other
    /// do not collide again. A shared lock conflicts only with exclusive ones, and where a check costs no round trip it
    /// checks again after a tenth of that: WAL archiving waits only for the moment in which a prune replaces the index.
    /// </summary>
    private TimeSpan Pause()
    {
        var isQuick = kind == LockKind.Shared && !saves;
        return TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1000, 2000) / (isQuick ? 10 : 1));
    }
}
