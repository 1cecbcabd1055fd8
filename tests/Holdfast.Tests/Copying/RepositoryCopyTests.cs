using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Copies;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Holdfast.Tests.Postgres.Wal;
using Xunit;

namespace Holdfast.Tests.Copying;

public sealed class RepositoryCopyTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wal_that_became_one_snapshot_becomes_one_in_the_copy_and_what_was_removed_stays_there()
    {
        await using var rig = await WalRig.MakeAsync();
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1), Like = rig.Repository };
        await using var copy = await Repository.InitAsync(new MemoryBackend(), "y", cheap, cancellation: Now);
        for (var number = 1UL; number <= 4; number++) await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, number)));
        Assert.Equal((4, 0), await CopyAsync(rig, copy));
        await rig.Archive.ConsolidateAsync(Now);
        Assert.Equal((1, 4), await CopyAsync(rig, copy));
        Assert.Single(await copy.ListSnapshotIdsAsync(Now));
        Assert.Equal((0, 0), await CopyAsync(rig, copy));

        var removed = new HashSet<string>([WalRig.Name(1, 1)], StringComparer.Ordinal);
        await rig.Archive.RemoveAsync(removed, Now);
        Assert.Equal((1, 0), await CopyAsync(rig, copy));
        using var seen = await WalCatalogue.ReadAsync(copy, "shop", "main", Now);
        Assert.Equal(4, Assert.Single(seen.Ranges).Count);
        var first = await WalRig.BytesAsync((await seen.OpenAsync(WalRig.Name(1, 1), Now))!);
        Assert.Equal(await WalRig.BytesAsync(WalRig.Segment(WalRig.Name(1, 1)).Open()), first);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task Both_repositories_are_locked_as_a_backup_locks_them()
    {
        await using var rig = await WalRig.MakeAsync();
        await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, 1)));
        var (there, locks) = (new MemoryBackend(), new List<(int Source, int Copy)>());
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1), Like = rig.Repository };
        await (await Repository.InitAsync(there, "y", cheap, cancellation: Now)).DisposeAsync();
        var watched = new FaultyBackend(there);
        watched.Before = (call, kind, _) =>
        {
            if (call != BackendCalls.Save || kind != FileKind.Pack) return;
            locks.Add((rig.Backend.Names(FileKind.Lock).Count, there.Names(FileKind.Lock).Count));
        };
        await using var copy = await Repository.OpenAsync(watched, "y", cancellation: Now);
        await using (await rig.Repository.LockAsync(LockKind.Shared, cancellation: Now))
        await using (await copy.LockAsync(LockKind.Shared, cancellation: Now))
            Assert.Equal((1, 0), await CopyAsync(rig, copy));
        Assert.NotEmpty(locks);
        Each.Holds(locks, held => Assert.Equal((2, 2), held));
        await using var alone = await copy.LockAsync(LockKind.Exclusive, cancellation: Now);
        var refused = await Assert.ThrowsAsync<ResticException>(() => CopyAsync(rig, copy));
        Assert.Equal(ResticError.Locked, refused.Error);
    }

    private static async Task<(int Wal, int Merged)> CopyAsync(WalRig rig, Repository copy)
    {
        var outcome = await new RepositoryCopy(rig.Repository, copy, new CopyRequest(), TimeProvider.System).RunAsync(Now);
        Assert.Empty(outcome.Warnings);
        return (outcome.Wal, outcome.Merged);
    }
}
