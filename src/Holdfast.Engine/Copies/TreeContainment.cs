using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>Compares trees of one repository by the content of their files; equal folders are not read.</summary>
internal sealed class TreeContainment(Repository repository)
{
    /// <summary>
    /// The largest depth; archives of WAL are 4 folders deep, and a deeper tree was not written by Holdfast.
    /// </summary>
    private const int Deepest = 16;

    /// <summary>True when every file below a tree is at the same path below another, with the same content.</summary>
    public Task<bool> HasAllAsync(Id whole, Id part, CancellationToken cancellation) =>
        HasAllAsync(whole, part, Deepest, cancellation);

    private async Task<bool> HasAllAsync(Id whole, Id part, int depth, CancellationToken cancellation)
    {
        if (whole == part) return true;
        if (depth == 0) return false;
        var all = await repository.ReadTreeAsync(whole, cancellation);
        var nodes = all.ToDictionary(node => node.Name, StringComparer.Ordinal);
        foreach (var node in await repository.ReadTreeAsync(part, cancellation))
        {
            if (!nodes.TryGetValue(node.Name, out var other) || other.Type != node.Type) return false;
            if (node.Subtree is { } folder)
            {
                if (other.Subtree is not { } found) return false;
                if (!await HasAllAsync(found, folder, depth - 1, cancellation)) return false;
            }
            else if (node.Type != NodeType.File || !(node.Content ?? []).SequenceEqual(other.Content ?? []))
            {
                return false;
            }
        }
        return true;
    }
}
