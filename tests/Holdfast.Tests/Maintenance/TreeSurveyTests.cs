using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

/// <summary>Trees that authenticate and are wrong all the same, as a faulty program may write them.</summary>
public sealed class TreeSurveyTests
{
    private static readonly Node Good = new() { Name = "b", Type = NodeType.File, Content = [] };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static TheoryData<string, Node> Wrong { get; } = new()
    {
        { "named ''", Good with { Name = "" } },
        { "named '..'", Good with { Name = ".." } },
        { "whose name is a path", Good with { Name = "c/../../etc" } },
        { "two nodes", Good },
        { "unknown type", Good with { Name = "c", Type = NodeType.Unknown, TypeName = "door" } },
        { "without a list of content", Good with { Name = "c", Content = null } },
        { "a blob of no id", Good with { Name = "c", Content = [default] } },
        { "without a tree", new Node { Name = "c", Type = NodeType.Directory } },
        { "without a tree", new Node { Name = "c", Type = NodeType.Directory, Subtree = default(Id) } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_wrong_node_is_a_damage_that_names_the_tree(string complaint, Node node)
    {
        var damage = Assert.Single((await CheckAsync(node)).Damages);
        Assert.Contains(complaint, damage.Message, StringComparison.Ordinal);
        Assert.Equal("/", Assert.Single(damage.Affected).Path);
    }

    [Fact]
    public async Task A_file_with_a_blob_that_is_in_no_index_is_named()
    {
        var missing = Id.Hash("nowhere"u8);
        var damage = Assert.Single((await CheckAsync(Good with { Name = "c", Content = [missing] })).Damages);
        Assert.Equal("index", damage.File);
        Assert.Equal([missing], damage.Blobs);
        Assert.Equal("/c", Assert.Single(damage.Affected).Path);
    }

    [Fact]
    public async Task Nodes_in_another_order_are_read_in_the_right_one_as_restic_does()
    {
        await using var repository = await InitAsync();
        var tree = await SaveAsync(repository, [Good, Good with { Name = "a" }]);
        Assert.Equal(["a", "b"], (await repository.ReadTreeAsync(tree, Now)).Select(node => node.Name), StringComparer.Ordinal);
        Assert.True((await CheckAsync(repository, tree)).IsClean);
    }

    [Fact]
    public async Task A_missing_tree_of_a_folder_is_named()
    {
        var missing = Id.Hash("nowhere"u8);
        var damage = Assert.Single((await CheckAsync(new Node { Name = "c", Type = NodeType.Directory, Subtree = missing })).Damages);
        Assert.Equal([missing], damage.Blobs);
        Assert.Equal("/c", Assert.Single(damage.Affected).Path);
    }

    [Fact]
    public async Task Many_affected_paths_are_counted_and_the_first_hundred_listed()
    {
        var missing = Id.Hash("nowhere"u8);
        var nodes = Enumerable.Range(0, 250).Select(number => Good with { Name = $"c{number:d3}", Content = [missing] });
        var damage = Assert.Single((await CheckAsync([.. nodes])).Damages);
        Assert.Equal((100, 250), (damage.Affected.Count, damage.AffectedCount));
        Assert.Single(damage.Snapshots);
    }

    [Fact]
    public async Task A_tree_thousands_of_folders_deep_is_walked()
    {
        await using var repository = await InitAsync();
        using var buffers = new ArchiveBuffers(repository.Options);
        using var blobs = new BlobWriter(repository, await repository.LoadIndexAsync(Now), new ArchiveCounters(), buffers);
        var (tree, _) = await blobs.SaveAsync(BlobType.Tree, TreeCodec.Encode([Good with { Content = [Id.Hash("nowhere"u8)] }]), Now);
        for (var depth = 0; depth < 3000; depth++)
            (tree, _) = await blobs.SaveAsync(BlobType.Tree, TreeCodec.Encode([new Node { Name = "d", Type = NodeType.Directory, Subtree = tree }]), Now);
        await blobs.FlushAsync(Now);
        var damage = Assert.Single((await CheckAsync(repository, tree)).Damages);
        Assert.Equal(string.Concat(Enumerable.Repeat("/d", 3000)) + "/b", Assert.Single(damage.Affected).Path);
    }

    private static async Task<CheckReport> CheckAsync(params Node[] after)
    {
        await using var repository = await InitAsync();
        return await CheckAsync(repository, await SaveAsync(repository, [Good, .. after]));
    }

    private static Task<Repository> InitAsync() =>
        Repository.InitAsync(new MemoryBackend(), "password", new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) }, cancellation: Now);

    private static async Task<Id> SaveAsync(Repository repository, IReadOnlyList<Node> nodes)
    {
        using var buffers = new ArchiveBuffers(repository.Options);
        using var blobs = new BlobWriter(repository, await repository.LoadIndexAsync(Now), new ArchiveCounters(), buffers);
        var (tree, _) = await blobs.SaveAsync(BlobType.Tree, TreeCodec.Encode(nodes), Now);
        await blobs.FlushAsync(Now);
        return tree;
    }

    private static async Task<CheckReport> CheckAsync(Repository repository, Id tree)
    {
        var snapshot = new Snapshot { Time = Timestamp.Now(TimeProvider.System), Tree = tree, Paths = ["/"] };
        await repository.SaveUnpackedAsync(FileKind.Snapshot, SnapshotCodec.Encode(snapshot), Now);
        return await repository.CheckAsync(new CheckOptions(), Now);
    }
}
