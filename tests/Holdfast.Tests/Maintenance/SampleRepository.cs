using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;

namespace Holdfast.Tests.Maintenance;

/// <summary>
/// A repository in memory with two snapshots: /etc/app.conf changes from the first to the second, /var/data.bin (6 MB that
/// can't be compressed, in several packs) does not. A test damages a copy of it.
/// </summary>
internal sealed class SampleRepository : IAsyncDisposable
{
    private SampleRepository(MemoryBackend backend, Repository repository, Snapshot first, Snapshot second) =>
        (Backend, Repository, First, Second) = (backend, repository, first, second);

    public MemoryBackend Backend { get; }

    public Repository Repository { get; }

    public Snapshot First { get; }

    public Snapshot Second { get; }

    public static async Task<SampleRepository> MakeAsync(CancellationToken cancellation)
    {
        var backend = new MemoryBackend();
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) };
        var repository = await Repository.InitAsync(backend, "password", cheap, new OpenOptions { PackSize = 4 << 20 }, cancellation);
        var first = await ArchiveAsync(repository, "colour = blue", cancellation);
        var second = await ArchiveAsync(repository, "colour = green", cancellation);
        return new SampleRepository(backend, repository, first, second);
    }

    /// <summary>The pack that holds the first blob of a file, or the tree of a folder, and where in it.</summary>
    public async Task<PackedBlob> PlaceAsync(Snapshot snapshot, string path, CancellationToken cancellation)
    {
        var node = await Repository.FindNodeAsync(snapshot, path, cancellation) ?? throw new InvalidOperationException(path);
        var index = await Repository.LoadIndexAsync(cancellation);
        return node.Subtree is { } tree ? index.Find(tree, BlobType.Tree) : index.Find(node.Content![0], BlobType.Data);
    }

    /// <summary>Opens the stored bytes anew, so that nothing is remembered of the time before the damage.</summary>
    public Task<Repository> ReopenAsync(CancellationToken cancellation) =>
        Repository.OpenAsync(Backend, "password", cancellation: cancellation);

    public ValueTask DisposeAsync() => Repository.DisposeAsync();

    private static async Task<Snapshot> ArchiveAsync(Repository repository, string configuration, CancellationToken cancellation)
    {
        var noise = new byte[6_000_000];
        new Random(1).NextBytes(noise);
        await using var writer = await repository.BeginSnapshotAsync(null, cancellation);
        await writer.AddStreamAsync("/etc/app.conf", new MemoryStream(Encoding.UTF8.GetBytes(configuration)), null, cancellation);
        await writer.AddStreamAsync("/var/data.bin", new MemoryStream(noise), null, cancellation);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, cancellation);
    }
}
