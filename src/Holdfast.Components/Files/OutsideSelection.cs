using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// What a recovery point holds besides what the profile's lines select: certificates that were found through configurations, and where links lead;
/// or what somebody who can write to the repository has put in. Only a person can tell the two apart, unless the point was made here.
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
        _selected = [.. Selected(settings).Select(path => new PathPattern(path))];
        (_include, _exclude) = (new PatternList(patterns.Include), new PatternList(patterns.Exclude));
    }

    /// <summary>What the profile's lines select, as patterns.</summary>
    public static IEnumerable<string> Selected(FilesSettings settings) => settings.Groups.SelectMany(group => group.Entries).Select(entry => entry.Path);

    /// <summary>
    /// The paths, at most 20 of them and the words "and more". It walks the folders above and beside the selection, which are few; what is selected
    /// is not looked into. It looks once for a session.
    /// </summary>
    public static Task<IReadOnlyList<string>> FindAsync(FilesSettings settings, RestorePatterns patterns, RestoreSession session, CancellationToken cancellation) =>
        session.RememberAsync<IReadOnlyList<string>>("files/outside", async () =>
        {
            var outside = new OutsideSelection(settings, patterns);
            if (await session.Repository.FindNodeAsync(session.Point, FilesComponent.Root, cancellation) is { Subtree: { } tree })
                await outside.WalkAsync(session.Repository, tree, cancellation);
            return outside._isMore ? [.. outside._paths, "and more"] : outside._paths;
        });

    private async Task WalkAsync(Repository repository, Id root, CancellationToken cancellation)
    {
        var ahead = new Stack<(Id Tree, string Path)>([(root, "")]);
        var nodes = 0;
        while (ahead.TryPop(out var folder))
        {
            foreach (var node in await repository.ReadTreeOrNothingAsync(folder.Tree, cancellation))
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
}
