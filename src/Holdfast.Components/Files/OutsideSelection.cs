using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// What a recovery point holds besides what the profile's lines select: certificates that were found through configurations, and where links lead;
/// or what somebody who can write to the repository has put in. Only a person can tell the two apart, so a restore in place names them.
/// </summary>
internal sealed class OutsideSelection
{
    private const int MostNamed = 20, MostNodes = 100_000;

    private readonly List<string> _paths = [];
    private readonly List<PathPattern> _selected;
    private readonly PatternList _include, _exclude;
    private bool _isMore;

    private OutsideSelection(FilesSettings settings, RestorePatterns patterns)
    {
        _selected = [.. settings.Groups.SelectMany(group => group.Entries).Select(entry => new PathPattern(entry.Path))];
        (_include, _exclude) = (new PatternList(patterns.Include), new PatternList(patterns.Exclude));
    }

    /// <summary>Walks the folders above and beside the selection, which are few; what is selected is not looked into.</summary>
    public static async Task<OutsideSelection> FindAsync(FilesSettings settings, RestoreSession session, CancellationToken cancellation)
    {
        var outside = new OutsideSelection(settings, await RestorePatterns.OfAsync(session, cancellation));
        if (await session.Repository.FindNodeAsync(session.Point, FilesComponent.Root, cancellation) is { Subtree: { } tree })
            await outside.WalkAsync(session.Repository, tree, cancellation);
        return outside;
    }

    /// <summary>A sentence with a space before it; "" when there is nothing.</summary>
    public string Sentence() => _paths.Count == 0 ? ""
        : $" Not selected by the profile, but in the point and written as well: {string.Join(", ", _paths)}{(_isMore ? " and more" : "")}.";

    private async Task WalkAsync(Repository repository, Id root, CancellationToken cancellation)
    {
        var ahead = new Stack<(Id Tree, string Path)>([(root, "")]);
        var nodes = 0;
        while (ahead.TryPop(out var folder))
        {
            foreach (var node in await ReadAsync(repository, folder.Tree, cancellation))
            {
                var path = $"{folder.Path}/{node.Name}";
                var names = PathPattern.NamesOf(path);
                if (_selected.Exists(pattern => pattern.Matches(names))) continue;
                if (node is { Type: NodeType.Directory, Subtree: { } below }) ahead.Push((below, path));
                else if (IsWanted(path) && !Name(path)) return;
                if ((_isMore = ++nodes > MostNodes)) return;
            }
        }
    }

    private bool IsWanted(string path) => (_include.IsEmpty || _include.Matches(path)) && !_exclude.Matches(path);

    private bool Name(string path)
    {
        if (_isMore = _paths.Count == MostNamed) return false;
        _paths.Add(path);
        return true;
    }

    private static async Task<IReadOnlyList<Node>> ReadAsync(Repository repository, Id tree, CancellationToken cancellation)
    {
        try
        {
            return await repository.ReadTreeAsync(tree, cancellation);
        }
        catch (ResticException lost) when (lost.IsLoss)
        {
            return []; // the restore itself reports it
        }
    }
}
