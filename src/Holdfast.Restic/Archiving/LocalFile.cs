using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Archiving;

/// <summary>A file of this machine that is being archived. It is opened when it is first read.</summary>
public sealed class LocalFile : IDisposable
{
    private readonly WalkedFolder _root;
    private readonly Node _node;
    private readonly BlobIndex _index;
    private SafeFileHandle? _handle;

    internal LocalFile(WalkedFolder root, string path, Node node, Node? previous, BlobIndex index) => (_root, Path, _node, Previous, _index) = (root, path, node, previous, index);

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>The same file in the parent snapshot, if it was there.</summary>
    public Node? Previous { get; }

    /// <summary>The size in bytes when the file was found by the walk.</summary>
    public long Size => (long)_node.Size;

    /// <summary>
    /// Returns true when the file has not changed since the parent by restic's rule (type, size, mtime, ctime and inode
    /// agree), and the repository has all blobs of the parent's file.
    /// </summary>
    /// <param name="before">
    /// A file modified at this time or later is not trusted: it may be written twice within one tick of the clock.
    /// </param>
    /// <param name="size">The size that the file had, where the node of the parent does not contain it.</param>
    public bool IsUnchanged(Timestamp? before = null, long? size = null)
    {
        if (Previous is not { Type: NodeType.File, Content: { } content } || (size ?? (long)Previous.Size) != Size || Previous.Inode != _node.Inode) return false;
        if (!Previous.ModifyTime.IsSameInstant(_node.ModifyTime) || !Previous.ChangeTime.IsSameInstant(_node.ChangeTime)) return false;
        return (before is not { } limit || _node.ModifyTime < limit) && HasAll(content);
    }

    /// <summary>Returns true when the repository has all blobs of a file of another snapshot.</summary>
    public bool IsStored(Node other) => other.Content is { } content && HasAll(content);

    /// <summary>Reads at an offset; returns 0 at the end.</summary>
    /// <exception cref="IOException">The file no longer exists, or cannot be read.</exception>
    public int Read(Span<byte> buffer, long offset) => FileReader.Read(Open(), Path, buffer, offset);

    /// <summary>
    /// Returns the size in bytes of the hole at an offset, up to <see cref="Size"/>; a hole reads as zeros.
    /// </summary>
    /// <exception cref="IOException">The file no longer exists, or cannot be read.</exception>
    public long HoleAt(long offset) => FileCalls.HoleAt(Open(), offset, Size);

    public void Dispose() => _handle?.Dispose();

    private SafeFileHandle Open() => _handle ??= FileReader.Open(_root, Path, out _);

    private bool HasAll(IReadOnlyList<Id> content) => content.All(id => _index.Contains(id, BlobType.Data));
}
