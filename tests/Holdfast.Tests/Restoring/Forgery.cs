using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Restoring;

/// <summary>Writes trees into a repository that no archiver would write, as somebody who has its key can.</summary>
internal static class Forgery
{
    /// <summary>The content of every forged file.</summary>
    public const string Text = "evil";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>Puts these nodes in the place of what was archived.</summary>
    public static async Task ForgeAsync(this Archived archived, Func<Id, IReadOnlyList<Node>> nodes)
    {
        var content = await SaveAsync(archived.Repository, BlobType.Data, Encoding.UTF8.GetBytes(Text));
        var tree = await SaveTreeAsync(archived.Repository, nodes(content));
        await using var writer = await archived.Repository.BeginSnapshotAsync(null, Now);
        writer.AddNode(archived.Source, Folder("source", tree));
        archived.Snapshot = await writer.CommitAsync(new SnapshotHeader { Paths = [archived.Source], Hostname = "test" }, Now);
    }

    public static Node File(string name, Id content) =>
        new() { Name = name, Type = NodeType.File, Mode = 0x1A4, Size = (ulong)Text.Length, Content = [content], Links = 1 };

    public static Node Folder(string name, Id tree) => new() { Name = name, Type = NodeType.Directory, Mode = GoMode.Directory | 0x1ED, Subtree = tree };

    public static Node Symlink(string name, string target) => new() { Name = name, Type = NodeType.Symlink, LinkTarget = target };

    public static Task<Id> SaveTreeAsync(Repository repository, IReadOnlyList<Node> nodes) => SaveAsync(repository, BlobType.Tree, TreeCodec.Encode(nodes));

    private static async Task<Id> SaveAsync(Repository repository, BlobType type, byte[] bytes)
    {
        using var buffers = new ArchiveBuffers(repository.Options);
        using var blobs = new BlobWriter(repository, await repository.LoadIndexAsync(Now), new ArchiveCounters(), buffers);
        var (id, _) = await blobs.SaveAsync(type, bytes, Now);
        await blobs.FlushAsync(Now);
        return id;
    }
}
