using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
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
    private const int MostNodes = 100_000;

    private readonly List<string> _paths = [];
    private readonly List<PathPattern> _selected;
    private readonly PatternList _include, _exclude;

    private OutsideSelection(FilesSettings settings, RestorePatterns patterns)
    {
        _selected = PatternsOf(settings);
        (_include, _exclude) = (new PatternList(patterns.Include), new PatternList(patterns.Exclude));
    }

    /// <summary>There is none, or the restore does not ask for it.</summary>
    public static OutsideSelection None { get; } = new(new FilesSettings { Groups = [] }, new RestorePatterns([], []));

    /// <summary>All of them, or as many as are named.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>There are more than <see cref="Paths"/>.</summary>
    public bool IsMore { get; private set; }

    /// <summary>The paths as part of a sentence: never fewer than may be written.</summary>
    public string Named => string.Join(", ", _paths) + (IsMore ? " and more" : "");

    /// <summary>What the profile's lines select, as patterns. The data of another component (data-directory) is never captured as files, so a point that has some is not honest.</summary>
    public static IEnumerable<string> Selected(FilesSettings settings) =>
        settings.Groups.SelectMany(group => group.Entries).Where(entry => entry.DataDirectory is null).Select(entry => entry.Path);

    /// <summary>Tells of a path whether the profile's lines select it, or a folder above it.</summary>
    public static Func<string, bool> Selects(FilesSettings settings)
    {
        var patterns = PatternsOf(settings);
        return path => patterns.Exists(pattern => pattern.Matches(PathPattern.NamesOf(path)));
    }

    /// <summary>
    /// Finds them. It walks the folders above and beside the selection, which are few; what is selected is not looked into. It looks once for a session.
    /// </summary>
    public static Task<OutsideSelection> FindAsync(
        FilesSettings settings, RestorePatterns patterns, RestoreSession session, CancellationToken cancellation) =>
        session.RememberAsync("files/outside", async () =>
        {
            var outside = new OutsideSelection(settings, patterns);
            if (await session.Repository.FindNodeAsync(session.Point, FilesComponent.Root, cancellation) is { Subtree: { } tree })
                await outside.WalkAsync(session.Repository, tree, cancellation);
            return outside;
        });

    private static List<PathPattern> PatternsOf(FilesSettings settings) => [.. Selected(settings).Select(path => new PathPattern(path))];

    private async Task WalkAsync(Repository repository, Id root, CancellationToken cancellation)
    {
        var ahead = new Stack<(Id Tree, string Path)>([(root, "")]);
        var nodes = 0;
        while (ahead.TryPop(out var folder))
        {
            foreach (var node in await repository.ReadTreeOrNothingAsync(folder.Tree, cancellation))
            {
                if (!node.HasSafeName) continue; // it is not restored
                var path = $"{folder.Path}/{node.Name}";
                var names = PathPattern.NamesOf(path);
                if (_selected.Exists(pattern => pattern.Matches(names))) continue;
                if (node is { Type: NodeType.Directory, Subtree: { } below }) ahead.Push((below, path));
                else if (IsWanted(path) && !Name(path)) return;
                if ((IsMore = ++nodes > MostNodes)) return;
            }
        }
    }

    private bool IsWanted(string path) => (_include.IsEmpty || _include.Matches(path)) && !_exclude.Matches(path);

    private bool Name(string path)
    {
        if (IsMore = _paths.Count == RestoreSession.MostUnselected) return false;
        _paths.Add(path);
        return true;
    }
}
