using System.Text.Json;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Maintenance;

/// <summary>The lock files of a repository.</summary>
internal sealed class LockStore(Repository repository)
{
    /// <summary>Reads all locks but one; locks that are removed meanwhile are skipped.</summary>
    public async Task<IReadOnlyList<StoredLock>> ListAsync(Id except, CancellationToken cancellation)
    {
        var locks = new List<StoredLock>();
        DateTimeOffset? now = null;
        await foreach (var file in repository.Backend.ListAsync(FileKind.Lock, cancellation))
        {
            var id = Id.Parse(file.Name);
            if (id == except || await ReadAsync(id, cancellation) is not { } content) continue;
            now ??= await NowAsync(cancellation);
            locks.Add(new StoredLock(id, content.Lock, AgeOf(file, content.Lock, now.Value)));
        }
        return locks;
    }

    public Task<Id> SaveAsync(LockContent content, CancellationToken cancellation) =>
        repository.SaveUnpackedAsync(FileKind.Lock, content.Encode(), cancellation);

    public async Task<bool> ExistsAsync(Id id, CancellationToken cancellation)
    {
        try
        {
            await repository.Backend.SizeAsync(FileKind.Lock, id.ToString(), cancellation);
            return true;
        }
        catch (ResticException failure) when (failure.Error == ResticError.NotFound)
        {
            return false;
        }
    }

    public ValueTask RemoveAsync(Id id, CancellationToken cancellation) =>
        repository.Backend.RemoveAsync(FileKind.Lock, id.ToString(), cancellation);

    /// <summary>
    /// Removes stale locks, or all locks including those of living processes; returns the removed locks.
    /// </summary>
    public async Task<IReadOnlyList<LockInfo>> UnlockAsync(bool all, CancellationToken cancellation)
    {
        var removed = new List<LockInfo>();
        foreach (var found in await ListAsync(except: default, cancellation))
        {
            var info = found.ToInfo();
            if (!all && !info.Stale) continue;
            await RemoveAsync(found.Id, cancellation);
            removed.Add(info);
        }
        return removed;
    }

    /// <summary>
    /// Returns the time by the backend's clock, with which the times of files there are compared, because clocks of
    /// machines differ.
    /// </summary>
    private async Task<DateTimeOffset> NowAsync(CancellationToken cancellation)
    {
        try
        {
            return await repository.Backend.NowAsync(cancellation) ?? repository.Options.Clock.GetUtcNow();
        }
        catch (ResticException failure) when (failure.Error is ResticError.ReadOnly or ResticError.Full)
        {
            return repository.Options.Clock.GetUtcNow();
        }
    }

    /// <summary>
    /// Where the backend has no file times, the age is known only from the content of the lock, and not at all for a
    /// lock that cannot be read.
    /// </summary>
    private static TimeSpan AgeOf(StoredFile file, LockContent? content, DateTimeOffset now) =>
        file.Modified is { } modified ? now - modified : content is null ? TimeSpan.Zero : now - content.Time.ToDateTimeOffset();

    private sealed record Reading(LockContent? Lock);

    private async Task<Reading?> ReadAsync(Id id, CancellationToken cancellation)
    {
        try
        {
            var bytes = await repository.LoadUnpackedAsync(FileKind.Lock, id.ToString(), cancellation);
            return new Reading(LockContent.Decode(bytes));
        }
        catch (ResticException failure) when (failure.Error == ResticError.NotFound)
        {
            return null;
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or ResticException { Error: ResticError.Damaged or ResticError.Unsupported })
        {
            return new Reading(null);
        }
    }
}

/// <summary>A lock file; its content is null when it cannot be read.</summary>
/// <param name="Id">The name of the file.</param>
/// <param name="Content">The content of the file.</param>
/// <param name="Age">The time since it was written, by the backend's clock where it has one.</param>
internal sealed record StoredLock(Id Id, LockContent? Content, TimeSpan Age)
{
    public LockInfo ToInfo() => Content is { } content
        ? new LockInfo(Id, content.Time, content.Exclusive, content.Hostname, content.Username, content.Pid, Staleness.IsStale(this)) { PassedOver = Staleness.IsPassedOver(this) }
        : new LockInfo(Id, default, Exclusive: true, "", "", 0, Staleness.IsStale(this)) { PassedOver = Staleness.IsPassedOver(this) };
}
