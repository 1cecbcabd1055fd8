using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Restic;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// The contents of a recovery point besides what the profile's lines select: certificates that were found through
/// configurations, and targets of links; or what a user with write access to the repository has added. Only an
/// administrator can distinguish them, unless the recovery point was made on this machine.
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

    /// <summary>The empty result, also for a restore that does not include such files.</summary>
    public static OutsideSelection None { get; } = new(new FilesSettings { Groups = [] }, new RestorePatterns([], []));

    /// <summary>The paths, up to the maximum number that is listed.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>True when there are more than <see cref="Paths"/>.</summary>
    public bool IsMore { get; private set; }

    /// <summary>The paths as part of a sentence: never fewer than may be written.</summary>
    public string Named => string.Join(", ", _paths) + (IsMore ? " and more" : "");

    /// <summary>
    /// The selection of the profile's lines, as patterns. The data of another component (data-directory) is never
    /// captured as files, so a recovery point that contains some was manipulated.
    /// </summary>
    public static IEnumerable<string> Selected(FilesSettings settings) =>
        settings.Groups.SelectMany(group => group.Entries).Where(entry => entry.DataDirectory is null).Select(entry => entry.Path);

    /// <summary>
    /// Returns a function that determines whether the profile's lines select a path, or a folder above it.
    /// </summary>
    public static Func<string, bool> Selects(FilesSettings settings)
    {
        var patterns = PatternsOf(settings);
        return path => patterns.Exists(pattern => pattern.Matches(PathPattern.NamesOf(path)));
    }

    /// <summary>
    /// Finds the paths. It walks the folders above and beside the selection, which are few; selected folders are not
    /// read. The result is kept for the session.
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
