using System.Text.Json;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Maintenance;

/// <summary>The lock files of a repository.</summary>
internal sealed class LockStore(Repository repository)
{
    private TimeProvider Clock => repository.Options.Clock;

    /// <summary>All locks but one; those that vanish while they are read are passed over.</summary>
    public async Task<IReadOnlyList<StoredLock>> ListAsync(Id except, CancellationToken cancellation)
    {
        var locks = new List<StoredLock>();
        await foreach (var file in repository.Backend.ListAsync(FileKind.Lock, cancellation))
        {
            var id = Id.Parse(file.Name);
            if (id != except && await ReadAsync(id, cancellation) is { } found) locks.Add(found);
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

    /// <summary>Removes stale locks, or all with those that can't be read; returns what was removed.</summary>
    public async Task<IReadOnlyList<LockInfo>> UnlockAsync(bool all, CancellationToken cancellation)
    {
        var removed = new List<LockInfo>();
        foreach (var found in await ListAsync(except: default, cancellation))
        {
            var info = found.ToInfo(Clock);
            if (!all && !info.Stale) continue;
            await RemoveAsync(found.Id, cancellation);
            removed.Add(info);
        }
        return removed;
    }

    private async Task<StoredLock?> ReadAsync(Id id, CancellationToken cancellation)
    {
        try
        {
            var bytes = await repository.LoadUnpackedAsync(FileKind.Lock, id.ToString(), cancellation);
            return new StoredLock(id, LockContent.Decode(bytes));
        }
        catch (ResticException failure) when (failure.Error == ResticError.NotFound)
        {
            return null;
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or ResticException { Error: ResticError.Damaged })
        {
            return new StoredLock(id, null);
        }
    }
}

/// <summary>A lock file; without content when it can't be read, which may mean anything and so is never stale.</summary>
internal sealed record StoredLock(Id Id, LockContent? Content)
{
    public LockInfo ToInfo(TimeProvider clock) => Content is { } content
        ? new LockInfo(Id, content.Time, content.Exclusive, content.Hostname, content.Username, content.Pid, Staleness.IsStale(content, clock))
        : new LockInfo(Id, default, Exclusive: true, "", "", 0, Stale: false);
}
