using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Archiving;

/// <summary>A process that holds a repository for days, while others write to it and prune it.</summary>
public sealed class LongLivedRepositoryTests
{
    private static readonly InitOptions Cheap = new() { KeyDerivation = new KeyDerivation(1024, 8, 1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_another_process_has_stored_is_found_after_a_refresh()
    {
        using var folder = new TempFolder();
        await using var ours = await InitAsync(folder);
        await ArchiveAsync(ours, "a");
        await using var theirs = await Repository.OpenAsync(new LocalBackend(folder["repo"]), "x", cancellation: Token);
        var other = await ArchiveAsync(theirs, "b");
        var refused = await Assert.ThrowsAsync<ResticException>(() => ReadAsync(ours, other));
        Assert.Equal(ResticError.Damaged, refused.Error);
        await ours.RefreshAsync(Token);
        Assert.Equal("b", await ReadAsync(ours, other));
        Assert.Contains(other.Id, await ours.ListSnapshotIdsAsync(Token));
        Assert.Equal(other.Tree, (await ours.ReadSnapshotAsync(other.Id, Token)).Tree);
    }

    /// <summary>The memory of the backend is all that a killed process leaves: no writer is disposed of before the next one looks.</summary>
    [Fact]
    public async Task A_killed_run_has_told_of_most_that_it_stored()
    {
        var (backend, clock) = (new MemoryBackend(), new ManualClock());
        await using var killed = await Repository.InitAsync(backend, "x", Cheap, new OpenOptions { Clock = clock, PackSize = 1 << 20, Workers = 1 }, Token);
        await using var writer = await killed.BeginSnapshotAsync(cancellation: Token);
        var random = new Random(5);
        var files = new List<byte[]>();
        for (var i = 0; i < 100; i++)
        {
            files.Add(new byte[300_000]);
            random.NextBytes(files[i]);
            await writer.AddStreamAsync($"/{i}", new MemoryStream(files[i]), cancellation: Token);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.InRange(backend.Names(FileKind.Index).Count, 10, 30);
        await using var next = await Repository.OpenAsync(backend, "x", cancellation: Token);
        await using var again = await next.BeginSnapshotAsync(cancellation: Token);
        for (var i = 0; i < 100; i++) await again.AddStreamAsync($"/{i}", new MemoryStream(files[i]), cancellation: Token);
        Assert.InRange(again.Counters.BytesAdded, 300_000, 20 * 300_000);
    }

    [Fact]
    public async Task Blobs_that_another_process_has_removed_are_stored_again_after_a_refresh()
    {
        using var folder = new TempFolder();
        await using var ours = await InitAsync(folder);
        await ArchiveAsync(ours, "a");
        // As a prune of everything does it.
        foreach (var name in new[] { "snapshots", "index", "data" })
            foreach (var file in Directory.GetFiles(folder[$"repo/{name}"], "*", SearchOption.AllDirectories))
                File.Delete(file);
        await ours.RefreshAsync(Token);
        var again = await ArchiveAsync(ours, "a");
        await using var theirs = await Repository.OpenAsync(new LocalBackend(folder["repo"]), "x", cancellation: Token);
        Assert.Equal("a", await ReadAsync(theirs, again));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Blobs_whose_index_could_not_be_stored_are_not_relied_on(int failures)
    {
        using var folder = new TempFolder();
        var backend = new FaultyBackend(new LocalBackend(folder["repo"]));
        await using var ours = await Repository.InitAsync(backend, "x", Cheap, cancellation: Token);
        backend.Before = (call, kind, _) =>
        {
            if (call == BackendCalls.Save && kind == FileKind.Index && failures-- > 0) throw new ResticException(ResticError.Full, "No room.");
        };
        Assert.Equal(ResticError.Full, (await Assert.ThrowsAsync<ResticException>(() => ArchiveAsync(ours, "a"))).Error);
        var stored = await ArchiveAsync(ours, "a");
        await using var theirs = await Repository.OpenAsync(new LocalBackend(folder["repo"]), "x", cancellation: Token);
        Assert.Equal("a", await ReadAsync(theirs, stored));
        Assert.True((await theirs.CheckAsync(new Restic.Maintenance.CheckOptions(), Token)).IsClean);
    }

    [Fact]
    public async Task A_file_and_a_directory_of_another_snapshot_are_taken_over_as_they_are()
    {
        using var folder = new TempFolder();
        await using var repository = await InitAsync(folder);
        var first = await ArchiveAsync(repository, "a");
        await using var writer = await repository.BeginSnapshotAsync(cancellation: Token);
        writer.AddNode("/new/folder", (await repository.FindNodeAsync(first, "/some", Token))!);
        writer.AddNode("/new/file", (await repository.FindNodeAsync(first, "/some/file", Token))!);
        var second = await writer.CommitAsync(new SnapshotHeader { Paths = ["/new"], Hostname = "test" }, Token);
        var paths = new List<string>();
        await foreach (var (path, _) in repository.WalkAsync(second, cancellation: Token)) paths.Add(path);
        Assert.Equal(["/new", "/new/file", "/new/folder", "/new/folder/file"], paths);
        Assert.Equal(0, writer.Counters.BytesRead);
    }

    private static Task<Repository> InitAsync(TempFolder folder) => Repository.InitAsync(new LocalBackend(folder["repo"]), "x", Cheap, cancellation: Token);

    private static async Task<Snapshot> ArchiveAsync(Repository repository, string content)
    {
        await using var writer = await repository.BeginSnapshotAsync(cancellation: Token);
        await writer.AddStreamAsync("/some/file", new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)), cancellation: Token);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/some"], Hostname = "test" }, Token);
    }

    private static async Task<string> ReadAsync(Repository repository, Snapshot snapshot)
    {
        var node = await repository.FindNodeAsync(snapshot, "/some/file", Token);
        using var reader = new StreamReader(repository.OpenFile(node!));
        return await reader.ReadToEndAsync(Token);
    }
}
