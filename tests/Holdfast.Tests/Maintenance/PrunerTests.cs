using System.Collections.Concurrent;
using System.Text;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class PrunerTests : IAsyncLifetime
{
    private static readonly PruneOptions _everything = new() { MaxUnused = UnusedLimit.OfBytes(0), Wait = TimeSpan.Zero };

    private readonly MemoryBackend _files = new();
    private Repository _repository = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) };
        _repository = await Repository.InitAsync(_files, "password", cheap, new OpenOptions { PackSize = 4 << 20 }, Now);
    }

    public ValueTask DisposeAsync() => _repository.DisposeAsync();

    [Fact]
    public async Task Where_all_is_used_nothing_is_changed()
    {
        await TakeAsync(_repository, 1, 2, 3);
        var before = All(_files);
        var report = await _repository.PruneAsync(_everything, Now);
        Assert.Equal((0, 0, 0, 0), (report.PacksRemoved, report.PacksRepacked, report.BytesFreed, report.UnusedBytes));
        Assert.True(report.UsedBytes > 6_000_000);
        Assert.Equal(before, All(_files));
    }

    [Fact]
    public async Task What_only_forgotten_snapshots_needed_goes_and_the_rest_is_whole()
    {
        var first = await TakeAsync(_repository, 1, 2);
        var second = await TakeAsync(_repository, 2, 3);
        await _repository.ForgetAsync(first.Id, Now);
        var before = Bytes(_files);
        var plan = await _repository.PruneAsync(_everything with { PlanOnly = true }, Now);
        Assert.Equal(before, Bytes(_files));
        var report = await _repository.PruneAsync(_everything, Now);
        Assert.Equal((plan.PacksRemoved, plan.PacksRepacked), (report.PacksRemoved, report.PacksRepacked));
        Assert.Equal(before - Bytes(_files), report.BytesFreed);
        Assert.InRange(report.BytesFreed, 2_000_000, 2_200_000);
        await ExpectWholeAsync(_files, second.Id);
        Assert.Equal(0, (await _repository.PruneAsync(_everything, Now)).UnusedBytes);
    }

    [Fact]
    public async Task As_much_as_is_allowed_stays_unused_and_no_more_is_written_again_than_that()
    {
        var first = await TakeAsync(_repository, 1, 2);
        await TakeAsync(_repository, 2, 3);
        await _repository.ForgetAsync(first.Id, Now);
        var lazy = await _repository.PruneAsync(_everything with { MaxUnused = UnusedLimit.OfShare(1), PlanOnly = true }, Now);
        var poor = await _repository.PruneAsync(_everything with { MaxRepack = 1000, PlanOnly = true }, Now);
        var thorough = await _repository.PruneAsync(_everything with { PlanOnly = true }, Now);
        Assert.InRange(lazy.UnusedLeft, 2_000_000, 2_200_000);
        Assert.InRange(poor.UnusedLeft, 2_000_000, 2_200_000);
        Assert.Equal(0, thorough.UnusedLeft);
        Assert.Equal(thorough.UnusedBytes, thorough.UnusedLeft + thorough.BytesFreed, tolerance: 1000d);
    }

    [Fact]
    public async Task Whatever_call_fails_every_snapshot_is_whole_and_the_next_prune_goes_on()
    {
        var first = await TakeAsync(_repository, 1, 2);
        var second = await TakeAsync(_repository, 2, 3);
        await _repository.ForgetAsync(first.Id, Now);
        var whole = _files.Clone();
        var ended = new ConcurrentBag<int>();
        await Parallel.ForAsync(1, 80, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Now }, async (call, _) =>
        {
            var files = whole.Clone();
            var faulty = new FaultyBackend(files);
            await using (var repository = await Repository.OpenAsync(faulty, "password", new OpenOptions { PackSize = 4 << 20 }, Now))
            {
                faulty.Fail(BackendCalls.All, from: call, times: int.MaxValue);
                try
                {
                    await repository.PruneAsync(_everything, Now);
                }
                catch (ResticException)
                {
                    ended.Add(call);
                }
            }
            foreach (var left in files.Names(FileKind.Lock)) await files.RemoveAsync(FileKind.Lock, left, Now);
            await ExpectWholeAsync(files, second.Id);
            await using var again = await Repository.OpenAsync(files, "password", cancellation: Now);
            await again.PruneAsync(_everything, Now);
            await ExpectWholeAsync(files, second.Id);
            Assert.InRange(Bytes(files), 4_000_000, 4_100_000);
        });
        Assert.InRange(ended.Count, 15, 78); // the last of them had ended before
    }

    [Fact]
    public async Task What_a_backup_needs_that_ends_meanwhile_stays()
    {
        var first = await TakeAsync(_repository, 1, 2, 3, 4);
        await TakeAsync(_repository, 4, 5);
        await _repository.ForgetAsync(first.Id, Now);
        var faulty = new FaultyBackend(_files);
        await using var pruning = await Repository.OpenAsync(faulty, "password", new OpenOptions { PackSize = 4 << 20 }, Now);
        Snapshot? meanwhile = null;
        faulty.Before = (call, kind, _) =>
        {
            if (call != BackendCalls.Save || kind != FileKind.Pack || meanwhile is not null) return;
            // 1, 2 and 3 are unused, and it does not store them again.
            meanwhile = TakeAsync(_repository, 1, 2, 3, 9).GetAwaiter().GetResult();
        };
        await pruning.PruneAsync(_everything, Now);
        Assert.NotNull(meanwhile);
        await ExpectWholeAsync(_files, meanwhile.Id);
        await _repository.RefreshAsync(Now);
        var after = await TakeAsync(_repository, 1, 5); // a process that lives on stores nothing that refers to what has gone
        await ExpectWholeAsync(_files, after.Id);
    }

    [Fact]
    public async Task While_something_is_missing_or_unreadable_nothing_is_removed()
    {
        var first = await TakeAsync(_repository, 1, 2);
        var second = await TakeAsync(_repository, 2, 3);
        await _repository.ForgetAsync(first.Id, Now);
        var needed = (await _repository.FindNodeAsync(second, "/3.bin", Now))!.Content![0];
        var pack = (await _repository.LoadIndexAsync(Now)).Find(needed, Holdfast.Restic.Packs.BlobType.Data).Pack.ToString();
        var index = _files.Names(FileKind.Index)[0];
        foreach (var (kind, name, content) in new[]
        {
            (FileKind.Pack, pack, null), (FileKind.Pack, pack, _files[FileKind.Pack, pack][..^1]),
            (FileKind.Snapshot, second.Id.ToString(), [1]), (FileKind.Index, index, [1]), (FileKind.Index, index, null),
        })
        {
            var files = _files.Clone();
            if (content is null) await files.RemoveAsync(kind, name, Now);
            else files[kind, name] = content;
            var before = All(files);
            await using var repository = await Repository.OpenAsync(files, "password", cancellation: Now);
            var refused = await Assert.ThrowsAsync<ResticException>(() => repository.PruneAsync(_everything, Now));
            Assert.Equal(ResticError.Damaged, refused.Error);
            Assert.Equal(before, All(files));
        }
    }

    [Fact]
    public async Task Without_a_snapshot_nothing_is_removed()
    {
        var only = await TakeAsync(_repository, 1);
        await _repository.ForgetAsync(only.Id, Now);
        var before = All(_files);
        var refused = await Assert.ThrowsAsync<ResticException>(() => _repository.PruneAsync(_everything, Now));
        Assert.Equal(ResticError.NoSuchName, refused.Error);
        Assert.Equal(before, All(_files));
    }

    [Fact]
    public async Task A_copy_goes_only_when_the_one_that_stays_was_read()
    {
        var snapshot = await TakeAsync(_repository, 1, 2, 3);
        await using (var other = await Repository.OpenAsync(_files, "password", new OpenOptions { PackSize = 4 << 20 }, Now))
        {
            var names = _files.Names(FileKind.Index);
            var lost = names.ToDictionary(name => name, name => _files[FileKind.Index, name], StringComparer.Ordinal);
            foreach (var name in lost.Keys) await _files.RemoveAsync(FileKind.Index, name, Now);
            await TakeAsync(other, 1, 2, 3, 4); // as a writer that does not know of the first
            foreach (var (name, content) in lost) _files[FileKind.Index, name] = content;
        }
        var whole = _files.Clone();
        var packs = whole.Names(FileKind.Pack);
        await using (var pruning = await Repository.OpenAsync(_files, "password", cancellation: Now))
            Assert.InRange((await pruning.PruneAsync(_everything, Now)).BytesFreed, 5_900_000, 6_300_000);
        await ExpectWholeAsync(_files, snapshot.Id);

        foreach (var pack in packs)
        {
            var files = whole.Clone();
            files[FileKind.Pack, pack][100] ^= 1;
            var before = All(files);
            await using var pruning = await Repository.OpenAsync(files, "password", cancellation: Now);
            try
            {
                await pruning.PruneAsync(_everything, Now);
                await ExpectWholeAsync(files, snapshot.Id); // the damaged one has gone
            }
            catch (ResticException damaged) when (damaged.Error == ResticError.Damaged)
            {
                Assert.Subset(All(files), before); // nothing has
            }
        }
    }

    [Fact]
    public async Task Many_small_packs_and_index_files_are_put_together_and_what_is_in_no_index_goes()
    {
        for (var number = 0; number < 12; number++) await TakeAsync(_repository, [number, number + 1], size: 20_000);
        var snapshots = await _repository.ListSnapshotsAsync(Now);
        await _repository.ForgetAsync(snapshots[0].Id, Now);
        _files[FileKind.Pack, Id.Hash("left"u8).ToString()] = [.. "left"u8];
        var report = await _repository.PruneAsync(_everything, Now);
        Assert.InRange(_files.Names(FileKind.Pack).Count, 2, 3);
        Assert.Single(_files.Names(FileKind.Index));
        Assert.True(report.PacksRemoved > 0);
        foreach (var snapshot in snapshots.Skip(1)) await ExpectWholeAsync(_files, snapshot.Id);
    }

    [Fact]
    public async Task An_index_that_another_program_rewrites_meanwhile_ends_it()
    {
        var first = await TakeAsync(_repository, 1, 2);
        var second = await TakeAsync(_repository, 2, 3);
        await _repository.ForgetAsync(first.Id, Now);
        var faulty = new FaultyBackend(_files);
        await using var pruning = await Repository.OpenAsync(faulty, "password", new OpenOptions { PackSize = 4 << 20 }, Now);
        var locks = 0;
        faulty.Before = (call, kind, _) =>
        {
            if (call != BackendCalls.Save || kind != FileKind.Lock || Interlocked.Increment(ref locks) != 2) return;
            Assert.NotEqual(0, _repository.PruneAsync(_everything, Now).GetAwaiter().GetResult().BytesFreed); // between the two locks
        };
        var refused = await Assert.ThrowsAsync<ResticException>(() => pruning.PruneAsync(_everything, Now));
        Assert.Equal((ResticError.Locked, 2), (refused.Error, locks));
        Assert.Contains("has rewritten the index", refused.Message, StringComparison.Ordinal);
        await ExpectWholeAsync(_files, second.Id);
    }

    [Theory]
    [InlineData(BackendCalls.Save, FileKind.Pack)] // under the first lock
    [InlineData(BackendCalls.Remove, FileKind.Index)] // under the exclusive one
    [InlineData(BackendCalls.Remove, FileKind.Pack)] // after it is shared
    public async Task A_prune_whose_lock_is_lost_ends_with_that_problem(BackendCalls hangs, FileKind at)
    {
        var first = await TakeAsync(_repository, 1, 2);
        var second = await TakeAsync(_repository, 2, 3);
        await _repository.ForgetAsync(first.Id, Now);
        var (clock, reached) = (new ManualClock(), new TaskCompletionSource<bool>());
        var faulty = new FaultyBackend(_files) { Hangs = (call, kind) => (call, kind) == (hangs, at) && (reached.TrySetResult(true) || true) };
        await using var pruning = await Repository.OpenAsync(faulty, "password", new OpenOptions { PackSize = 4 << 20, Clock = clock }, Now);
        var prune = pruning.PruneAsync(_everything, Now);
        await clock.RunAsync(Task.WhenAny(reached.Task, prune), TimeSpan.FromMilliseconds(50));
        Assert.False(prune.IsCompleted);
        foreach (var held in _files.Names(FileKind.Lock)) await _files.RemoveAsync(FileKind.Lock, held, Now);
        var lost = await Assert.ThrowsAsync<ResticException>(() => clock.RunAsync(prune, TimeSpan.FromSeconds(10)));
        Assert.Equal((ResticError.LockLost, "HF-REPO-LOCK-LOST"), (lost.Error, lost.ToProblem().Code));
        await ExpectWholeAsync(_files, second.Id);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task A_lock_that_is_shared_lets_others_in_and_keeps_those_out_who_want_to_be_alone()
    {
        await using var held = await _repository.LockAsync(LockKind.Exclusive, cancellation: Now);
        await Assert.ThrowsAsync<ResticException>(() => _repository.LockAsync(LockKind.Shared, cancellation: Now));
        await held.ShareAsync(Now);
        await using (await _repository.LockAsync(LockKind.Shared, cancellation: Now)) Assert.Equal(2, _files.Names(FileKind.Lock).Count);
        await Assert.ThrowsAsync<ResticException>(() => _repository.LockAsync(LockKind.Exclusive, cancellation: Now));
    }

    /// <summary>A snapshot of files whose content cannot be compressed and follows from their number.</summary>
    private static Task<Snapshot> TakeAsync(Repository repository, params int[] numbers) => TakeAsync(repository, numbers, 2_000_000);

    private static async Task<Snapshot> TakeAsync(Repository repository, int[] numbers, int size)
    {
        await using var writer = await repository.BeginSnapshotAsync(null, Now);
        foreach (var number in numbers) await writer.AddStreamAsync($"/{number}.bin", new MemoryStream(Content(number, size)), null, Now);
        await writer.AddStreamAsync("/about", new MemoryStream(Encoding.UTF8.GetBytes(string.Join(' ', numbers))), null, Now);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Now);
    }

    private static byte[] Content(int number, int size)
    {
        var content = new byte[size];
        new Random(number).NextBytes(content);
        return content;
    }

    /// <summary>A full check finds nothing, and the files of the snapshot have their contents.</summary>
    private static async Task ExpectWholeAsync(MemoryBackend files, Id id)
    {
        await using var repository = await Repository.OpenAsync(files, "password", cancellation: Now);
        Assert.Empty((await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now)).Damages);
        var snapshot = await repository.ReadSnapshotAsync(id, Now);
        var read = 0;
        foreach (var node in await repository.ReadTreeAsync(snapshot.Tree, Now))
        {
            if (!int.TryParse(node.Name.Split('.')[0], out var number)) continue;
            var content = new MemoryStream();
            await using (var stream = repository.OpenFile(node)) await stream.CopyToAsync(content, Now);
            Assert.Equal(Content(number, (int)node.Size), content.ToArray());
            read++;
        }
        Assert.True(read > 0);
    }

    private static HashSet<string> All(MemoryBackend files) =>
        [.. Enum.GetValues<FileKind>().Where(kind => kind != FileKind.Lock)
            .SelectMany(kind => files.Names(kind).Select(name => $"{kind} {name}"))];

    private static long Bytes(MemoryBackend files) => files.Names(FileKind.Pack).Sum(name => files[FileKind.Pack, name].LongLength);
}
