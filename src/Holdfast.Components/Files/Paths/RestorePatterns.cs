using Holdfast.Engine.Components;

namespace Holdfast.Components.Files.Paths;

/// <summary>The selection of files for a restore: patterns of their paths on the platform.</summary>
internal sealed record RestorePatterns(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    /// <summary>The paths to which the restore is limited; empty to restore everything in the recovery point.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>
    /// Creates the patterns. A path may also be given as 'points files' prints it, with /files before it, unless the
    /// platform itself has such a folder; then the path is taken literally.
    /// </summary>
    public static async Task<RestorePatterns> OfAsync(RestoreSession session, CancellationToken cancellation)
    {
        var asked = new RestorePatterns(session.Include, session.Exclude);
        if (!session.Include.Concat(session.Exclude).Any(IsOfThePoint)) return asked;
        if (await session.Repository.FindNodeAsync(session.Point, FilesComponent.Root + FilesComponent.Root, cancellation) is not null) return asked;
        return new RestorePatterns([.. session.Include.Select(Shorten)], [.. session.Exclude.Select(Shorten)]);
    }

    /// <summary>False when there are include patterns and none of them matches a file of the recovery point.</summary>
    public async Task<bool> FitAsync(RestoreSession session, CancellationToken cancellation) =>
        Include.Count == 0 || await session.Repository.HasFittingAsync(session.Point, FilesComponent.Root, Include, Exclude, cancellation);

    private static bool IsOfThePoint(string pattern) => pattern.StartsWith(FilesComponent.Root + "/", StringComparison.Ordinal);

    private static string Shorten(string pattern) => IsOfThePoint(pattern) ? pattern[FilesComponent.Root.Length..] : pattern;
}
