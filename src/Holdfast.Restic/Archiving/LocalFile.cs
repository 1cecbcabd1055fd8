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

    /// <summary>Bytes, when it was found.</summary>
    public long Size => (long)_node.Size;

    /// <summary>
    /// True when nothing says that it has changed since the parent (restic's rule: type, size, mtime, ctime and inode agree), and the
    /// parent's blobs are all there.
    /// </summary>
    /// <param name="before">A file that was modified at this time or later is not trusted: within one tick of the clock it may be written twice.</param>
    /// <param name="size">The size that it had, where the node of the parent does not say.</param>
    public bool IsUnchanged(Timestamp? before = null, long? size = null)
    {
        if (Previous is not { Type: NodeType.File, Content: { } content } || (size ?? (long)Previous.Size) != Size || Previous.Inode != _node.Inode) return false;
        if (!Previous.ModifyTime.IsSameInstant(_node.ModifyTime) || !Previous.ChangeTime.IsSameInstant(_node.ChangeTime)) return false;
        return (before is not { } limit || _node.ModifyTime < limit) && HasAll(content);
    }

    /// <summary>True when the repository has all blobs of a file of another snapshot.</summary>
    public bool IsStored(Node other) => other.Content is { } content && HasAll(content);

    /// <summary>Reads at an offset; 0 at the end.</summary>
    /// <exception cref="IOException">It is gone, or can't be read.</exception>
    public int Read(Span<byte> buffer, long offset) => FileReader.Read(Open(), Path, buffer, offset);

    /// <summary>How many bytes from an offset, up to <see cref="Size"/>, are a hole, which reads as zeros.</summary>
    /// <exception cref="IOException">It is gone, or can't be read.</exception>
    public long HoleAt(long offset) => FileCalls.HoleAt(Open(), offset, Size);

    public void Dispose() => _handle?.Dispose();

    private SafeFileHandle Open() => _handle ??= FileReader.Open(_root, Path, out _);

    private bool HasAll(IReadOnlyList<Id> content) => content.All(id => _index.Contains(id, BlobType.Data));
}
