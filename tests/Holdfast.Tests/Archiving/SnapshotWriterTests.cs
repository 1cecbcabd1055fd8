using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Archiving;

public sealed class SnapshotWriterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly InitOptions Cheap = new() { KeyDerivation = new KeyDerivation(1024, 8, 1) };

    [Fact]
    public async Task Paths_and_streams_make_one_tree_with_the_parents_between()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["etc/app"]);
        File.WriteAllText(folder["etc/app/a.conf"], "a");
        await using var repository = await InitAsync(folder);
        var snapshot = await ArchiveAsync(repository, null, async writer =>
        {
            Assert.Equal([folder["missing"]], await writer.AddPathsAsync([folder["etc"], folder["missing"]], new ArchiveOptions { Prefix = "/files" }, Token));
            await writer.AddStreamAsync("/recovery-point.json", new MemoryStream("{}"u8.ToArray()), cancellation: Token);
        });
        var paths = new List<string>();
        await foreach (var (path, _) in repository.WalkAsync(snapshot, cancellation: Token)) paths.Add(path);
        Assert.Contains($"/files{folder["etc/app/a.conf"]}", paths, StringComparer.Ordinal);
        Assert.Contains("/recovery-point.json", paths, StringComparer.Ordinal);
        var node = await repository.FindNodeAsync(snapshot, $"/files{folder["etc/app/a.conf"]}", Token);
        Assert.Equal(1UL, node!.Size);
        Assert.Equal([Id.Hash("a"u8)], node.Content!);
    }

    [Fact]
    public async Task An_unchanged_file_is_not_read_again_and_adds_nothing()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["data"], new byte[100_000]);
        await using var repository = await InitAsync(folder);
        var first = await ArchiveAsync(repository, null, w => w.AddPathsAsync([folder["data"]], new ArchiveOptions(), Token));
        ArchiveCounters? counters = null;
        await ArchiveAsync(repository, first, async w =>
        {
            counters = w.Counters;
            await w.AddPathsAsync([folder["data"]], new ArchiveOptions(), Token);
        });
        Assert.Equal(1, counters!.FilesUnchanged);
        Assert.Equal(0, counters.FilesNew + counters.FilesChanged);
    }

    [Fact]
    public async Task Content_of_chunks_of_one_size_comes_back_and_is_found_again_with_another_end()
    {
        using var folder = new TempFolder();
        await using var repository = await InitAsync(folder);
        var content = new byte[(5 << 20) + 7];
        new Random(3).NextBytes(content);
        var sizes = new EntryMetadata { ChunkSize = 1 << 20 };
        StoredEntry? again = null;
        var snapshot = await ArchiveAsync(repository, null, async writer =>
        {
            await writer.AddStreamAsync("/whole", new MemoryStream(content), sizes, Token);
            await writer.AddStreamAsync("/empty", Stream.Null, sizes, Token);
            again = await writer.AddStreamAsync("/part", new MemoryStream(content, 0, (3 << 20) + 1), sizes, Token);
        });
        Assert.Equal(1, again!.BytesAdded);
        var node = (await repository.FindNodeAsync(snapshot, "/whole", Token))!;
        Assert.Equal(6, node.Content!.Count);
        var read = new byte[content.Length];
        await using var stored = repository.OpenFile(node);
        await stored.ReadExactlyAsync(read, Token);
        Assert.Equal(content, read);
        Assert.Empty((await repository.FindNodeAsync(snapshot, "/empty", Token))!.Content!);
    }

    [Fact]
    public async Task The_same_content_twice_is_stored_once_also_when_both_come_at_the_same_time()
    {
        using var folder = new TempFolder();
        var content = new byte[6 << 20];
        new Random(1).NextBytes(content);
        await using var repository = await InitAsync(folder);
        await ArchiveAsync(repository, null, async w =>
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => w.AddStreamAsync($"/copy-{i}", new MemoryStream(content), cancellation: Token), Token)));
            Assert.Equal(content.Length, w.Counters.BytesAdded);
        });
    }

    [Fact]
    public async Task A_stream_that_fails_half_way_fails_its_caller_and_leaves_no_snapshot()
    {
        using var folder = new TempFolder();
        await using var repository = await InitAsync(folder);
        await Assert.ThrowsAsync<IOException>(() => ArchiveAsync(repository, null, w => w.AddStreamAsync("/broken", new BreakingStream(3 << 20), cancellation: Token)));
        Assert.Empty(await repository.ListSnapshotsAsync(Token));
    }

    [Fact]
    public async Task A_warning_that_can_not_be_told_ends_the_archiving_instead_of_waiting_for_ever()
    {
        using var folder = new TempFolder();
        folder.Write("etc/going", "x");
        await using var repository = await InitAsync(folder);
        var options = new ArchiveOptions
        {
            // It is gone between the look at it and its reading.
            Exclude = (path, _) => { if (path.EndsWith("going", StringComparison.Ordinal)) File.Delete(path); return false; },
            OnWarning = _ => throw new IOException("The journal's disk is full."),
        };
        var archiving = ArchiveAsync(repository, null, writer => writer.AddPathsAsync([folder["etc"]], options, Token));
        await Assert.ThrowsAsync<IOException>(() => archiving.WaitAsync(TimeSpan.FromSeconds(30), Token));
    }

    private static Task<Repository> InitAsync(TempFolder folder) =>
        Repository.InitAsync(new LocalBackend(folder["repository"]), "secret", Cheap, cancellation: Token);

    private static async Task<Snapshot> ArchiveAsync(Repository repository, Snapshot? parent, Func<SnapshotWriter, Task> add)
    {
        await using var writer = await repository.BeginSnapshotAsync(parent, Token);
        await add(writer);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Token);
    }

    /// <summary>Delivers random bytes, then fails.</summary>
    private sealed class BreakingStream(int length) : MemoryStream
    {
        private readonly Random _random = new(3);
        private int _left = length;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left <= 0) throw new IOException("The source broke.");
            var count = Math.Min(buffer.Length, _left);
            _random.NextBytes(buffer.Span[..count]);
            _left -= count;
            return ValueTask.FromResult(count);
        }
    }
}
