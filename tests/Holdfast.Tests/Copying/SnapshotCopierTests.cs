using System.Collections.Concurrent;
using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Copying;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Copying;

public sealed class SnapshotCopierTests : IAsyncLifetime
{
    private const int Size = 1_500_000;

    private static readonly InitOptions _cheap = new() { KeyDerivation = new KeyDerivation(2, 1, 1) };
    private static readonly OpenOptions _small = new() { PackSize = 4 << 20 };

    private readonly MemoryBackend _from = new();
    private readonly MemoryBackend _to = new();
    private Repository _source = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _source = await Repository.InitAsync(_from, "password", _cheap, _small, Now);
        await using var made = await Repository.InitAsync(_to, "another", _cheap with { Like = _source }, _small, Now);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Fact]
    public async Task What_is_copied_is_whole_and_a_second_copy_changes_nothing()
    {
        var snapshots = new[] { await TakeAsync(_source, 1, 2), await TakeAsync(_source, 2, 3) };
        var report = await CopyAsync(snapshots);
        Assert.Equal((2, 0), (report.Copied.Count, report.Present));
        Assert.Equal(snapshots.Select(one => (Id?)one.Id), report.Copied.Select(copy => copy.Original));
        Assert.True(report.PacksVerified >= 2);
        Assert.InRange(report.BytesWritten, 3 * Size, 3.2 * Size);
        await ExpectWholeAsync(_to, "another", 2);
        var before = All(_to);
        var again = await CopyAsync(snapshots);
        Assert.Equal((0, 2, 0), (again.Copied.Count, again.Present, again.Blobs));
        Assert.Equal(before, All(_to));
    }

    [Fact]
    public async Task A_plan_changes_nothing_and_says_what_would_be_copied()
    {
        var snapshots = new[] { await TakeAsync(_source, 1, 2) };
        var before = All(_to);
        var plan = await CopyAsync(snapshots, planOnly: true);
        Assert.Equal(before, All(_to));
        var report = await CopyAsync(snapshots);
        Assert.Equal((plan.Blobs, plan.BytesRead), (report.Blobs, report.BytesRead));
        Assert.InRange(report.BytesRead, 2 * Size, 2.1 * Size);
    }

    [Fact]
    public async Task Many_snapshots_with_small_changes_become_few_packs()
    {
        var snapshots = new List<Snapshot>();
        for (var number = 0; number < 40; number++) snapshots.Add(await TakeAsync(_source, [number, number + 1], 5000));
        Assert.True(_from.Names(FileKind.Pack).Count >= 80);
        await CopyAsync(snapshots);
        Assert.Equal(2, _to.Names(FileKind.Pack).Count);
        await ExpectWholeAsync(_to, "another", 40);
    }

    [Fact]
    public async Task The_copy_finds_again_what_a_backup_into_it_cuts()
    {
        await CopyAsync([await TakeAsync(_source, 1, 2)]);
        var before = Bytes(_to);
        await using var copy = await Repository.OpenAsync(_to, "another", _small, Now);
        await TakeAsync(copy, 1, 2);
        Assert.InRange(Bytes(_to) - before, 0, 5000);
    }

    [Fact]
    public async Task Whatever_call_fails_the_copy_is_whole_and_the_next_one_goes_on()
    {
        var snapshots = new[] { await TakeAsync(_source, 1, 2, 3, 4), await TakeAsync(_source, 4, 5, 6) };
        var ended = new ConcurrentBag<int>();
        var eight = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Now };
        await Parallel.ForAsync(1, 50, eight, async (call, _) =>
        {
            var files = _to.Clone();
            var faulty = new FaultyBackend(files);
            await using (var copy = await Repository.OpenAsync(faulty, "another", _small, Now))
            {
                faulty.Fail(BackendCalls.All, from: call, times: int.MaxValue);
                await using var source = await Repository.OpenAsync(_from, "password", _small, Now);
                try
                {
                    await source.CopyToAsync(copy, new CopyOptions { Snapshots = snapshots }, Now);
                }
                catch (ResticException)
                {
                    ended.Add(call);
                }
            }
            await ExpectWholeAsync(files, "another", atLeast: 0);
            await using (var again = await Repository.OpenAsync(files, "another", _small, Now))
            {
                var report = await _source.CopyToAsync(again, new CopyOptions { Snapshots = snapshots }, Now);
                Assert.Equal((2, 0), (report.Copied.Count + report.Present, report.Uncopied.Count));
            }
            await ExpectWholeAsync(files, "another", 2);
        });
        Assert.InRange(ended.Count, 10, 48); // the last of them had ended before
    }

    [Fact]
    public async Task What_an_ended_copy_has_indexed_is_not_copied_again()
    {
        var snapshot = await TakeAsync(_source, [.. Enumerable.Range(0, 12)], Size);
        var faulty = new FaultyBackend(_to);
        var packs = 0;
        faulty.Before = (call, kind, _) =>
        {
            if (call != BackendCalls.Save || kind != FileKind.Pack || Interlocked.Increment(ref packs) < 4) return;
            throw new ResticException(ResticError.Unreachable, "The server has gone.");
        };
        await using (var copy = await Repository.OpenAsync(faulty, "another", _small, Now))
        {
            var ended = await Assert.ThrowsAsync<ResticException>(
                () => _source.CopyToAsync(copy, new CopyOptions { Snapshots = [snapshot] }, Now));
            Assert.Equal(ResticError.Unreachable, ended.Error);
        }
        var stored = Bytes(_to);
        Assert.True(stored > 2 * Size);
        var report = await CopyAsync([snapshot]);
        Assert.InRange(report.BytesWritten, (12 * Size) - stored, (12.1 * Size) - stored);
        await ExpectWholeAsync(_to, "another", 1);
    }

    [Fact]
    public async Task A_damaged_blob_costs_the_snapshots_that_need_it_and_no_others()
    {
        var (hurt, whole) = (await TakeAsync(_source, 1, 2), await TakeAsync(_source, 2, 3));
        var place = await PlaceAsync(hurt, "/1.bin");
        _from[FileKind.Pack, place.Pack.ToString()][place.Offset + 20] ^= 1;
        var report = await CopyAsync([hurt, whole]);
        var left = Assert.Single(report.Uncopied);
        Assert.Equal((hurt.Id, false), (left.Snapshot.Id, left.InDestination));
        Assert.Contains(place.Pack.ToString(), left.Message, StringComparison.Ordinal);
        Assert.Equal(whole.Id, Assert.Single(report.Copied).Original);
        await ExpectWholeAsync(_to, "another", 1);
    }

    [Theory]
    [InlineData(FileKind.Pack)]
    [InlineData(FileKind.Index)]
    public async Task What_is_gone_from_the_source_costs_the_snapshots_that_need_it(FileKind kind)
    {
        var (hurt, whole) = (await TakeAsync(_source, 1), await TakeAsync(_source, 3));
        var pack = (await PlaceAsync(hurt, "/1.bin")).Pack.ToString();
        var gone = kind == FileKind.Pack ? pack : _from.Names(kind)[0];
        await _from.RemoveAsync(kind, gone, Now);
        await using var source = await Repository.OpenAsync(_from, "password", _small, Now);
        await using var copy = await Repository.OpenAsync(_to, "another", _small, Now);
        var report = await source.CopyToAsync(copy, new CopyOptions { Snapshots = [hurt, whole] }, Now);
        Assert.Equal((1, 1), (report.Uncopied.Count, report.Copied.Count));
        await ExpectWholeAsync(_to, "another", 1);
    }

    [Fact]
    public async Task A_blob_that_another_pack_has_whole_is_copied_from_there()
    {
        var snapshot = await TakeAsync(_source, 1);
        await using (var other = await Repository.OpenAsync(_from, "password", _small, Now))
        {
            var names = _from.Names(FileKind.Index);
            var hidden = names.ToDictionary(name => name, name => _from[FileKind.Index, name], StringComparer.Ordinal);
            foreach (var name in names) await _from.RemoveAsync(FileKind.Index, name, Now);
            await TakeAsync(other, 1); // as a writer that does not know of the first
            foreach (var (name, content) in hidden) _from[FileKind.Index, name] = content;
        }
        var twice = _from.Names(FileKind.Pack).Where(pack => _from[FileKind.Pack, pack].Length > 1_000_000).ToList();
        Assert.Equal(2, twice.Count);
        foreach (var pack in twice) // the trees tell the times of their writers
        {
            var (from, to) = (_from.Clone(), _to.Clone());
            from[FileKind.Pack, pack][100] ^= 1;
            await using var source = await Repository.OpenAsync(from, "password", _small, Now);
            await using var copy = await Repository.OpenAsync(to, "another", _small, Now);
            var report = await source.CopyToAsync(copy, new CopyOptions { Snapshots = [snapshot] }, Now);
            Assert.Empty(report.Uncopied);
            await ExpectWholeAsync(to, "another", 1);
        }
    }

    [Fact]
    public async Task What_the_destination_does_not_give_back_as_it_was_written_is_not_called_copied()
    {
        var snapshot = await TakeAsync(_source, 1, 2);
        var faulty = new FaultyBackend(_to);
        faulty.Corrupt = (kind, _, offset, bytes) =>
        {
            if (kind == FileKind.Pack && offset == 0 && bytes.Length > 100) bytes.Span[100] ^= 1;
        };
        await using var copy = await Repository.OpenAsync(faulty, "another", _small, Now);
        var report = await _source.CopyToAsync(copy, new CopyOptions { Snapshots = [snapshot] }, Now);
        Assert.Empty(report.Copied);
        Assert.True(Assert.Single(report.Uncopied).InDestination);
        Assert.Empty(_to.Names(FileKind.Snapshot));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public async Task Copies_between_versions_of_the_format_are_whole(int from, int to)
    {
        var (older, newer) = (new MemoryBackend(), new MemoryBackend());
        var (init, like) = (_cheap with { Version = from }, _cheap with { Version = to });
        await using var source = await Repository.InitAsync(older, "password", init, _small, Now);
        await using var copy = await Repository.InitAsync(newer, "another", like with { Like = source }, _small, Now);
        var snapshot = await TakeAsync(source, 1, 2);
        await source.CopyToAsync(copy, new CopyOptions { Snapshots = [snapshot] }, Now);
        await ExpectWholeAsync(newer, "another", 1);
        var places = (await copy.LoadIndexAsync(Now)).Places.ToList();
        var trees = places.Where(place => place.Type == BlobType.Tree);
        Each.Holds(trees, tree => Assert.Equal(to == 2, tree.UncompressedLength > 0));
        Assert.Equal(to == 2, places.Any(place => place.UncompressedLength > 0));
    }

    [Fact]
    public async Task A_copy_of_a_copy_is_known_by_its_origin()
    {
        var snapshot = await TakeAsync(_source, 1);
        var first = Assert.Single((await CopyAsync([snapshot])).Copied);
        var third = new MemoryBackend();
        await using var copy = await Repository.OpenAsync(_to, "another", _small, Now);
        await using var other = await Repository.InitAsync(third, "third", _cheap, _small, Now);
        await copy.CopyToAsync(other, new CopyOptions { Snapshots = [first] }, Now);
        var back = await _source.CopyToAsync(other, new CopyOptions { Snapshots = [snapshot] }, Now);
        Assert.Equal((0, 1), (back.Copied.Count, back.Present));
        var differs = snapshot with { Tags = ["other"] };
        Assert.Single(SnapshotCopies.Lacking([snapshot, differs], [first]));
    }

    private async Task<CopyReport> CopyAsync(IReadOnlyList<Snapshot> snapshots, bool planOnly = false)
    {
        await using var copy = await Repository.OpenAsync(_to, "another", _small, Now);
        return await _source.CopyToAsync(copy, new CopyOptions { Snapshots = snapshots, PlanOnly = planOnly }, Now);
    }

    private async Task<PackedBlob> PlaceAsync(Snapshot snapshot, string path)
    {
        var node = await _source.FindNodeAsync(snapshot, path, Now);
        return (await _source.LoadIndexAsync(Now)).Find(node!.Content![0], BlobType.Data);
    }

    private static Task<Snapshot> TakeAsync(Repository repository, params int[] numbers) =>
        TakeAsync(repository, numbers, Size);

    /// <summary>Files whose content cannot be compressed and follows from their number, and a text.</summary>
    private static async Task<Snapshot> TakeAsync(Repository repository, int[] numbers, int size)
    {
        await using var writer = await repository.BeginSnapshotAsync(null, Now);
        foreach (var number in numbers)
            await writer.AddStreamAsync($"/{number}.bin", new MemoryStream(Content(number, size)), null, Now);
        var about = string.Concat(Enumerable.Repeat(string.Join(' ', numbers), 100));
        await writer.AddStreamAsync("/about", new MemoryStream(Encoding.UTF8.GetBytes(about)), null, Now);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Now);
    }

    private static byte[] Content(int number, int size)
    {
        var content = new byte[size];
        new Random(number).NextBytes(content);
        return content;
    }

    /// <summary>A full check finds nothing, there are so many snapshots, and their files have their contents.</summary>
    private static async Task ExpectWholeAsync(MemoryBackend files, string password, int atLeast)
    {
        await using var repository = await Repository.OpenAsync(files, password, _small, Now);
        Assert.Empty((await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now)).Damages);
        var snapshots = await repository.ListSnapshotsAsync(Now);
        Assert.True(snapshots.Count >= atLeast, $"{snapshots.Count} snapshots");
        foreach (var snapshot in snapshots)
        {
            foreach (var node in await repository.ReadTreeAsync(snapshot.Tree, Now))
            {
                if (!int.TryParse(node.Name.Split('.')[0], out var number)) continue;
                var content = new MemoryStream();
                await using (var stream = repository.OpenFile(node)) await stream.CopyToAsync(content, Now);
                Assert.Equal(Content(number, (int)node.Size), content.ToArray());
            }
        }
    }

    private static HashSet<string> All(MemoryBackend files) =>
        [.. Enum.GetValues<FileKind>().SelectMany(kind => files.Names(kind).Select(name => $"{kind} {name}"))];

    private static long Bytes(MemoryBackend files) =>
        files.Names(FileKind.Pack).Sum(name => files[FileKind.Pack, name].LongLength);
}
