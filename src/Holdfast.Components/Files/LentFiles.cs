using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// Files that are in a recovery point only because a configuration names them that a user other than root can change,
/// and that this user does not own. By that configuration the user could cause older versions to be restored, so a
/// restore in place leaves existing ones unchanged. An administrator can still have them restored.
/// </summary>
/// <param name="Paths">The existing files, as exclude patterns for a restore.</param>
/// <param name="Changed">Those of them that differ from the recovery point.</param>
internal sealed record LentFiles(IReadOnlyList<string> Paths, IReadOnlyList<string> Changed)
{
    private const int MostNamed = 20, LargestFile = 16 << 20;

    /// <summary>A sentence that lists the changed ones; "" when there are none.</summary>
    public string Sentence => Changed.Count == 0 ? ""
        : $" Left as they are, for only configurations name them that other users than root can change: {Quantity.List(Changed, MostNamed)}.";

    /// <summary>The warning of the run; null when none has changed.</summary>
    public Problem? Warning => Changed.Count == 0 ? null : Catalogue.RestoreUnselected.With(
        $"Files that differ from the recovery point were left as they are, for only configurations name them that other users than root can change: {Quantity.List(Changed, MostNamed)}.",
        "Look at them; when those of the point are meant, run again with --unselected or --include, or name them in the profile.");

    /// <summary>
    /// Finds the lent files. Files that are included by their paths, or that the profile selects, do not count.
    /// </summary>
    public static async Task<LentFiles> FindAsync(FilesSettings settings, RestorePatterns patterns, RestoreSession session, CancellationToken cancellation)
    {
        if (session.Target is not null || session.IsConfined || session.Files.Unselected) return new LentFiles([], []);
        var details = session.Manifest.Components.First(record => record.Kind == "files").Details;
        var (selects, include, exclude) = (OutsideSelection.Selects(settings), new PatternList(patterns.Include), new PatternList(patterns.Exclude));
        var (paths, changed) = (new List<string>(), new List<string>());
        foreach (var path in FilesRecord.LentFiles(details).Where(path => !selects(path) && !exclude.Matches(path) && LocalEntries.TryFind(path, out _, out _)))
        {
            var pattern = PathPattern.Escape(path);
            if (patterns.Include.Contains(pattern, StringComparer.Ordinal) || !(include.IsEmpty || include.Matches(path))) continue;
            paths.Add(pattern);
            if (!await IsSameAsync(session, path, cancellation)) changed.Add(path);
        }
        return new LentFiles(paths, changed);
    }

    private static async Task<bool> IsSameAsync(RestoreSession session, string path, CancellationToken cancellation)
    {
        if (await session.Repository.FindNodeAsync(session.Point, FilesComponent.Root + path, cancellation) is not { } node) return true; // it is not restored
        try
        {
            if (node.Type == NodeType.Symlink) return LocalEntries.LinkTarget(path) == node.LinkTarget;
            if (node.Type != NodeType.File || node.Size > LargestFile) return false;
            await using var content = session.Repository.OpenFile(node);
            var bytes = new byte[node.Size];
            await content.ReadExactlyAsync(bytes, cancellation);
            return LocalText.ReadBytes(path, LargestFile).AsSpan().SequenceEqual(bytes);
        }
        catch (IOException)
        {
            return false; // something else exists there now
        }
    }
}
