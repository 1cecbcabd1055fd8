using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;

namespace Holdfast.Tests.Hostile;

/// <summary>A repository in memory, into which whatever its key allows is written: packs, indexes and snapshots that no honest program makes.</summary>
internal sealed class Forge : IAsyncDisposable
{
    private const string Password = "password";

    private Forge(MemoryBackend backend, Repository repository) => (Backend, Repository) = (backend, repository);

    public MemoryBackend Backend { get; }

    /// <summary>As it was opened last.</summary>
    public Repository Repository { get; private set; }

    public static KeyDerivation Cheap { get; } = new(2, 1, 1);

    public static async Task<Forge> MakeAsync()
    {
        var backend = new MemoryBackend();
        return new Forge(backend, await Repository.InitAsync(backend, Password, new InitOptions { KeyDerivation = Cheap }));
    }

    public static Node File(string name, ulong size, params Id[] content) => new() { Name = name, Type = NodeType.File, Mode = 0x1A4, Size = size, Links = 1, Content = content };

    public static Node Folder(string name, Id tree) => new() { Name = name, Type = NodeType.Directory, Mode = GoMode.Directory | 0x1ED, Subtree = tree };

    /// <summary>Stores one blob as honest programs do.</summary>
    public async Task<Id> SaveAsync(BlobType type, byte[] plaintext)
    {
        using var buffers = new ArchiveBuffers(Repository.Options);
        using var blobs = new BlobWriter(Repository, await Repository.LoadIndexAsync(default), new ArchiveCounters(), buffers);
        var (id, _) = await blobs.SaveAsync(type, plaintext, default);
        await blobs.FlushAsync(default);
        return id;
    }

    public Task<Id> SaveTreeAsync(params Node[] nodes) => SaveAsync(BlobType.Tree, TreeCodec.Encode(nodes));

    /// <summary>Stores a pack of one blob, and an index that says of it what it likes.</summary>
    public async Task<Id> SaveForgedAsync(BlobType type, byte[] payload, uint claimed, Id? id = null, Func<PackedBlob, PackedBlob>? say = null)
    {
        using var builder = new PackBuilder(1 << 20);
        var name = id ?? Id.Hash(payload);
        builder.Add(name, type, payload, (int)claimed, Repository.Sealers);
        var blob = builder.Blobs(default).Single().Blob;
        builder.Reset();
        builder.Add(name, type, payload, 0, Repository.Sealers);
        var bytes = builder.Finish(Repository.Sealers).ToArray();
        var pack = Id.Hash(bytes);
        await Backend.SaveAsync(FileKind.Pack, pack.ToString(), bytes);
        blob = (say ?? (same => same))(blob with { Pack = pack, UncompressedLength = claimed });
        await Repository.SaveUnpackedAsync(FileKind.Index, IndexCodec.Write([new IndexedPack(pack, [(name, blob)])]), default);
        return name;
    }

    public async Task<Snapshot> SaveSnapshotAsync(Id tree)
    {
        var snapshot = new Snapshot { Time = Timestamp.Now(TimeProvider.System), Tree = tree, Paths = ["/"], Hostname = "forge" };
        return snapshot with { Id = await Repository.SaveUnpackedAsync(FileKind.Snapshot, SnapshotCodec.Encode(snapshot), default) };
    }

    /// <summary>Seals any text as a file of the repository.</summary>
    public Task<Id> SaveTextAsync(FileKind kind, string text) => Repository.SaveUnpackedAsync(kind, Encoding.UTF8.GetBytes(text), default);

    /// <summary>Opens it anew, so that nothing is remembered.</summary>
    public async Task<Repository> ReopenAsync()
    {
        await Repository.DisposeAsync();
        return Repository = await Repository.OpenAsync(Backend, Password);
    }

    public ValueTask DisposeAsync() => Repository.DisposeAsync();
}
