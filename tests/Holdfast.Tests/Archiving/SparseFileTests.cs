using System.Collections.Concurrent;
using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.Format;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Archiving;

/// <summary>Holes of sparse files, which cost their owner nothing: /var/log/lastlog is a terabyte on some machines.</summary>
public sealed class SparseFileTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Passing_over_holes_cuts_where_reading_them_does(int seed)
    {
        using var folder = new TempFolder();
        var random = new Random(seed);
        var bytes = new byte[24 << 20];
        using (var sparse = File.OpenHandle(folder["sparse"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(sparse, bytes.Length - random.Next(5000));
            for (var piece = 0; piece < 4; piece++)
            {
                var data = new byte[random.Next(1, 200_000)];
                random.NextBytes(data);
                var offset = random.Next(bytes.Length - 300_000);
                RandomAccess.Write(sparse, data, offset);
                data.CopyTo(bytes, offset);
            }
            Array.Resize(ref bytes, (int)RandomAccess.GetLength(sparse));
        }
        File.WriteAllBytes(folder["dense"], bytes);
        await using var repository = await InitAsync(folder);
        var (sparseNode, denseNode) = await ContentsAsync(repository, folder);
        Assert.Equal(bytes.Length, (long)sparseNode.Size);
        Assert.Equal(denseNode.Content!, sparseNode.Content!);
    }

    [Fact]
    public async Task A_large_hole_is_not_read_and_more_than_the_limit_is_left_out_and_told()
    {
        using var folder = new TempFolder();
        // Read byte by byte, hours of processor time; the limit as it is by default. Its tree is 140 MB that are compressed to next to nothing.
        const long size = 1L << 40;
        foreach (var name in new[] { "first", "second" })
        {
            using var file = File.OpenHandle(folder[name], FileMode.CreateNew, FileAccess.Write);
            RandomAccess.SetLength(file, size);
        }
        await using var repository = await InitAsync(folder);
        var warnings = new List<ArchiveWarning>();
        await using var writer = await repository.BeginSnapshotAsync(null, Token);
        await writer.AddPathsAsync([folder["first"]], new ArchiveOptions { OnWarning = warnings.Add }, Token);
        await writer.AddPathsAsync([folder["second"]], new ArchiveOptions { OnWarning = warnings.Add, MostHoles = size / 2 }, Token);
        var snapshot = await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Token);
        var node = await repository.FindNodeAsync(snapshot, folder["first"], Token);
        Assert.Equal((ulong)size, node!.Size);
        Assert.Equal(size / (512 << 10), node.Content!.Count);
        Assert.Single(node.Content.Distinct());
        Assert.Null(await repository.FindNodeAsync(snapshot, folder["second"], Token));
        var warning = Assert.Single(warnings);
        Assert.True(warning.Left);
        Assert.Contains("holes", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hole_that_is_read_again_counts_once()
    {
        using var folder = new TempFolder();
        const long size = 64L << 30;
        using var file = File.OpenHandle(folder["sparse"], FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, size);
        await using var repository = await InitAsync(folder);
        var warnings = new List<ArchiveWarning>();
        using var stop = new CancellationTokenSource();
        var changing = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        }, Token);
        await Eventually.HoldsAsync("the file changes while it is read, each time", async () =>
        {
            await using var writer = await repository.BeginSnapshotAsync(null, Token);
            await writer.AddPathsAsync([folder["sparse"]], new ArchiveOptions { OnWarning = warnings.Add, MostHoles = size, Rereads = 1 }, Token);
            return warnings.Count > 0;
        });
        await stop.CancelAsync();
        await changing;
        Assert.Contains("changed each of the 2 times", Assert.Single(warnings).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2 << 20)]
    public async Task Pages_in_holes_are_visited_once_each_without_being_read(int chunkSize)
    {
        using var folder = new TempFolder();
        const int page = 8192;
        var bytes = new byte[(24 << 20) + 100];
        new Random(4).NextBytes(bytes.AsSpan(5 * page, 3 * page));
        File.WriteAllBytes(folder["dense"], bytes);
        using (var sparse = File.OpenHandle(folder["sparse"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(sparse, bytes.Length);
            RandomAccess.Write(sparse, bytes.AsSpan(5 * page, 3 * page), 5 * page);
        }
        await using var repository = await InitAsync(folder);
        var source = new Paged(page, chunkSize);
        var (sparseNode, denseNode) = await ContentsAsync(repository, folder, source);
        Assert.Equal(bytes.Length, (long)sparseNode.Size);
        Assert.Equal(denseNode.Content!, sparseNode.Content!);
        if (chunkSize > 0) Assert.Equal(Enumerable.Range(0, bytes.Length / page).Select(block => (uint)block), source.Visited["sparse"]);
        Assert.True(source.Read["sparse"] < source.Read["dense"] / 2, $"{source.Read["sparse"]} of {source.Read["dense"]}");
    }

    private sealed class Paged(int pageSize, int chunkSize) : IContentSource
    {
        public ConcurrentDictionary<string, List<uint>> Visited { get; } = [];

        public ConcurrentDictionary<string, long> Read { get; } = [];

        public ValueTask<FileContent> OpenAsync(LocalFile file, CancellationToken cancellation)
        {
            var name = Path.GetFileName(file.Path);
            var stream = new PageStream(file, pageSize, (_, block, _) =>
            {
                Visited.GetOrAdd(name, _ => []).Add(block);
                return true;
            }, TimeProvider.System);
            return ValueTask.FromResult(new FileContent { Bytes = new Counted(stream, count => Read.AddOrUpdate(name, count, (_, sum) => sum + count)), Holes = stream, ChunkSize = chunkSize });
        }
    }

    private sealed class Counted(Stream stream, Action<int> onRead) : ReadOnlyStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await stream.ReadAsync(buffer, cancellationToken);
            onRead(count);
            return count;
        }
    }

    private static async Task<(Node Sparse, Node Dense)> ContentsAsync(Repository repository, TempFolder folder, IContentSource? source = null)
    {
        await using var writer = await repository.BeginSnapshotAsync(null, Token);
        await writer.AddPathsAsync([folder["sparse"], folder["dense"]], new ArchiveOptions { Source = source }, Token);
        var snapshot = await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Token);
        return ((await repository.FindNodeAsync(snapshot, folder["sparse"], Token))!, (await repository.FindNodeAsync(snapshot, folder["dense"], Token))!);
    }

    private static Task<Repository> InitAsync(TempFolder folder) =>
        Repository.InitAsync(new LocalBackend(folder["repository"]), "secret", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: Token);
}
