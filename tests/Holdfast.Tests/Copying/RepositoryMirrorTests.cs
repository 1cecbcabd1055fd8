using System.Collections.Concurrent;
using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Copying;

public sealed class RepositoryMirrorTests : IAsyncLifetime
{
    private static readonly InitOptions _cheap = new() { KeyDerivation = new KeyDerivation(2, 1, 1) };
    private static readonly OpenOptions _small = new() { PackSize = 4 << 20 };

    private readonly MemoryBackend _from = new();
    private readonly MemoryBackend _to = new();
    private Repository _source = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _source = await Repository.InitAsync(_from, "password", _cheap, _small, Now);

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public async Task A_mirror_is_the_repository_byte_for_byte_and_a_second_run_copies_nothing()
    {
        await TakeAsync(1, 2);
        await using var held = await _source.LockAsync(LockKind.Shared, cancellation: Now);
        var plan = await MirrorAsync(new MirrorOptions { PlanOnly = true });
        Assert.Empty(All(_to));
        var report = await MirrorAsync();
        Assert.Equal((plan.Files, plan.Copied, plan.BytesCopied), (plan.Copied, report.Copied, report.BytesCopied));
        ExpectSame();
        Assert.Empty(_to.Names(FileKind.Lock));
        await TakeAsync(3);
        Assert.InRange((await MirrorAsync()).Copied, 4, 6);
        Assert.Equal((0, 0), ((await MirrorAsync()).Copied, (await MirrorAsync()).Surplus));
        ExpectSame();
        await ExpectWholeAsync(_to, 2);
    }

    [Fact]
    public async Task Whatever_call_fails_the_mirror_is_whole_and_the_next_run_completes_it()
    {
        await TakeAsync(1, 2);
        await MirrorAsync();
        await TakeAsync(3);
        await _source.ForgetAsync((await _source.ListSnapshotsAsync(Now))[0].Id, Now);
        await _source.PruneAsync(new PruneOptions { MaxUnused = UnusedLimit.OfBytes(0) }, Now);
        await TakeAsync(4);
        var ended = new ConcurrentBag<int>();
        var eight = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Now };
        foreach (var begun in new[] { _to, new MemoryBackend() })
        {
            await Parallel.ForAsync(1, 60, eight, async (call, _) =>
            {
                var files = begun.Clone();
                var faulty = new FaultyBackend(files);
                faulty.Fail(BackendCalls.All, from: call, times: int.MaxValue);
                try
                {
                    await _source.MirrorToAsync(faulty, "password", new MirrorOptions { Delete = true }, Now);
                }
                catch (ResticException)
                {
                    ended.Add(call);
                }
                foreach (var left in files.Names(FileKind.Lock)) await files.RemoveAsync(FileKind.Lock, left, Now);
                if (files.Names(FileKind.Key).Count > 0) await ExpectWholeAsync(files, atLeast: 0);
                await _source.MirrorToAsync(files, "password", new MirrorOptions { Delete = true }, Now);
                Assert.Equal(All(_from), All(files));
                await ExpectWholeAsync(files, 2);
            });
        }
        Assert.InRange(ended.Count, 20, 116); // the last of them had ended before
    }

    [Fact]
    public async Task What_the_repository_has_no_more_goes_in_the_order_that_keeps_the_mirror_whole()
    {
        var first = await TakeAsync(1, 2);
        await TakeAsync(2, 3);
        await MirrorAsync();
        await _source.ForgetAsync(first.Id, Now);
        await _source.PruneAsync(new PruneOptions { MaxUnused = UnusedLimit.OfBytes(0) }, Now);
        var kept = await MirrorAsync();
        Assert.True(kept is { Surplus: >= 3, Removed: false });
        await ExpectWholeAsync(_to, 2);
        var removed = new ConcurrentQueue<FileKind>();
        var watched = new FaultyBackend(_to);
        watched.Before = (call, kind, _) =>
        {
            if (call == BackendCalls.Remove && kind != FileKind.Lock) removed.Enqueue(kind);
        };
        var report = await _source.MirrorToAsync(watched, "password", new MirrorOptions { Delete = true }, Now);
        Assert.Equal((kept.Surplus, true), (report.Surplus, report.Removed));
        Assert.Equal([FileKind.Snapshot, FileKind.Index, FileKind.Pack], removed.Distinct());
        Assert.Equal(removed.OrderBy(kind => kind), removed); // the kinds are declared in that order
        ExpectSame();
        await ExpectWholeAsync(_to, 1);
    }

    [Fact]
    public async Task Another_repository_is_left_alone()
    {
        await TakeAsync(1);
        await using var other = await Repository.InitAsync(_to, "password", _cheap, _small, Now);
        var before = All(_to);
        var refused = await Assert.ThrowsAsync<ResticException>(() => MirrorAsync());
        Assert.Equal(ResticError.Occupied, refused.Error);
        Assert.Equal(before, All(_to));
    }

    [Fact]
    public async Task A_damaged_file_is_not_mirrored_and_what_the_mirror_has_of_it_stays()
    {
        await TakeAsync(1);
        await MirrorAsync();
        var whole = _from.Names(FileKind.Pack)[0];
        var content = _from[FileKind.Pack, whole];
        _from[FileKind.Pack, whole] = [.. content[..^1], (byte)(content[^1] ^ 1)];
        Assert.Empty((await MirrorAsync()).Damaged);
        Assert.Equal(content, _to[FileKind.Pack, whole]);
        var second = await TakeAsync(2);
        _from[FileKind.Snapshot, second.Id.ToString()][5] ^= 1;
        await _source.ForgetAsync((await _source.ListSnapshotIdsAsync(Now)).First(id => id != second.Id), Now);
        var report = await MirrorAsync(new MirrorOptions { Delete = true });
        Assert.Equal([$"snapshots/{second.Id}"], report.Damaged);
        Assert.False(report.Removed);
        Assert.Single(_to.Names(FileKind.Snapshot));
    }

    [Fact]
    public async Task A_file_that_was_cut_off_is_replaced()
    {
        await TakeAsync(1);
        await MirrorAsync();
        var cut = _to.Names(FileKind.Pack)[0];
        _to[FileKind.Pack, cut] = _to[FileKind.Pack, cut][..100];
        var report = await MirrorAsync(new MirrorOptions { Delete = true });
        Assert.Equal((1, 0), (report.Copied, report.Surplus));
        ExpectSame();
    }

    [Fact]
    public async Task A_repository_that_has_lost_its_snapshots_empties_no_mirror()
    {
        var only = await TakeAsync(1);
        await MirrorAsync();
        await _source.ForgetAsync(only.Id, Now);
        var refused = await Assert.ThrowsAsync<ResticException>(() => MirrorAsync(new MirrorOptions { Delete = true }));
        Assert.Equal(ResticError.NoSuchName, refused.Error);
        await ExpectWholeAsync(_to, 1);
    }

    private Task<MirrorReport> MirrorAsync(MirrorOptions? options = null) =>
        _source.MirrorToAsync(_to, "password", options ?? new MirrorOptions(), Now);

    private void ExpectSame()
    {
        Assert.NotEmpty(All(_from));
        Assert.Equal(All(_from), All(_to));
    }

    private async Task<Snapshot> TakeAsync(params int[] numbers)
    {
        await using var writer = await _source.BeginSnapshotAsync(null, Now);
        foreach (var number in numbers)
        {
            var content = new byte[1_500_000];
            new Random(number).NextBytes(content);
            await writer.AddStreamAsync($"/{number}.bin", new MemoryStream(content), null, Now);
        }
        var about = Encoding.UTF8.GetBytes(string.Join(' ', numbers));
        await writer.AddStreamAsync("/about", new MemoryStream(about), null, Now);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Now);
    }

    private static async Task ExpectWholeAsync(MemoryBackend files, int atLeast)
    {
        await using var repository = await Repository.OpenAsync(files, "password", _small, Now);
        var report = await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now);
        Assert.Empty(report.Damages);
        Assert.True(report.Snapshots >= atLeast, $"{report.Snapshots} snapshots");
    }

    /// <summary>Every file but locks, with the digest of its bytes.</summary>
    private static SortedSet<string> All(MemoryBackend files) => new(
        from kind in Enum.GetValues<FileKind>()
        where kind != FileKind.Lock
        from name in files.Names(kind)
        select $"{kind} {name} {Id.Hash(files[kind, name])}",
        StringComparer.Ordinal);
}
