using System.Runtime.CompilerServices;
using Holdfast.Cli.Output.Events;
using Holdfast.Restic;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>
/// Finds the differences between two trees of one repository. Subtrees with the same id are the same, and are not read.
/// </summary>
internal sealed class PointComparison(Repository repository)
{
    private readonly Stack<(string Path, IEnumerator<(Node? Old, Node? Now)> Pairs)> _open = new(); // and no recursion: trees may be deeper than a stack

    public async IAsyncEnumerable<DifferenceEvent> CompareAsync(Id before, Id after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var guard = repository.GuardWalk(before, after);
        await EnterAsync(before, after, "", guard, cancellation);
        while (_open.TryPeek(out var folder))
        {
            if (!folder.Pairs.MoveNext())
            {
                _open.Pop();
                continue;
            }
            var (old, now) = folder.Pairs.Current;
            var name = $"{folder.Path}/{(old ?? now)!.Name}";
            if (Difference(name, old, now) is { } difference) yield return difference;
            await EnterAsync(old?.Subtree, now?.Subtree, name, guard, cancellation);
        }
    }

    private async Task EnterAsync(Id? before, Id? after, string path, WalkGuard guard, CancellationToken cancellation)
    {
        if (before == after) return;
        var (old, now) = (await ReadAsync(before, cancellation), await ReadAsync(after, cancellation));
        await guard.EnterAsync((after ?? before)!.Value, path, old.Count + now.Count, cancellation);
        _open.Push((path, Pair(old, now).GetEnumerator()));
    }

    private async Task<IReadOnlyList<Node>> ReadAsync(Id? tree, CancellationToken cancellation) =>
        tree is { } id ? await repository.ReadTreeAsync(id, cancellation) : [];

    /// <summary>Nodes of the same name side by side; both lists are sorted by the bytes of their names.</summary>
    private static IEnumerable<(Node? Old, Node? Now)> Pair(IReadOnlyList<Node> before, IReadOnlyList<Node> after)
    {
        for (int left = 0, right = 0; left < before.Count || right < after.Count;)
        {
            var order = left == before.Count ? 1 : right == after.Count ? -1 : FileName.Compare(before[left].Name, after[right].Name);
            yield return (order <= 0 ? before[left++] : null, order >= 0 ? after[right++] : null);
        }
    }

    private static DifferenceEvent? Difference(string path, Node? old, Node? now)
    {
        var change = (old, now) switch
        {
            (null, _) => Change.Added,
            (_, null) => Change.Removed,
            _ when !SameContent(old, now) => Change.Content,
            _ when !SameMetadata(old, now) => Change.Metadata,
            _ => (Change?)null,
        };
        return change is { } kind ? new DifferenceEvent(path, kind, (long)(old?.Size ?? 0), (long)(now?.Size ?? 0))
        {
            PathBase64 = NodeText.Base64(path), LinkBefore = LinkOf(old), LinkAfter = LinkOf(now),
        } : null;
    }

    private static string? LinkOf(Node? node) => node?.Type == NodeType.Symlink ? node.LinkTarget : null;

    private static bool SameContent(Node old, Node now) => old.Type == now.Type && old.LinkTarget == now.LinkTarget && old.Device == now.Device
        && (old.Content ?? []).SequenceEqual(now.Content ?? []);

    // Inode, access time and change time do not affect the result of a restore.
    private static bool SameMetadata(Node old, Node now) => old.Mode == now.Mode && old.Uid == now.Uid && old.Gid == now.Gid
        && old.ModifyTime.IsSameInstant(now.ModifyTime)
        && old.ExtendedAttributes.Select(Text).SequenceEqual(now.ExtendedAttributes.Select(Text), StringComparer.Ordinal);

    private static string Text(ExtendedAttribute attribute) => $"{attribute.Name}={Convert.ToHexString(attribute.Value.Span)}";
}
