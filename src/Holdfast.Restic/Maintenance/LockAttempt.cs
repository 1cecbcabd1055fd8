using System.Security.Cryptography;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Gets a lock in a place that knows no locks: look whether others hold one, write ours, wait until others' writes are seen,
/// look again. Of two that write at once both may give way; neither ever goes on beside the other.
/// Source: restic 0.14, internal/restic/lock.go, "newLock".
/// </summary>
/// <param name="store">The locks.</param>
/// <param name="location">For messages.</param>
/// <param name="kind">Which lock.</param>
/// <param name="saves">
/// A shared lock on a place where each look is a round trip is written at once the first time: what tells whether it holds
/// is the look behind it.
/// </param>
/// <param name="clock">Dates the lock.</param>
internal sealed class LockAttempt(LockStore store, string location, LockKind kind, bool saves, TimeProvider clock)
{
    private static readonly TimeSpan _settle = TimeSpan.FromMilliseconds(200);

    /// <summary>Tries until <paramref name="wait"/> is over, then fails with Locked.</summary>
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
    /// restic looks at every lock as held until "restic unlock": what a dead process left here would stop it for ever, so
    /// it is removed.
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
    /// One to two seconds, so that two that gave way to each other do not meet again. A shared lock meets exclusive ones
    /// alone, and where a look is no round trip it looks again after a tenth of that: a push of WAL waits for the moment
    /// in which a prune replaces the index, and not longer.
    /// </summary>
    private TimeSpan Pause()
    {
        var isQuick = kind == LockKind.Shared && !saves;
        return TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1000, 2000) / (isQuick ? 10 : 1));
    }
}
