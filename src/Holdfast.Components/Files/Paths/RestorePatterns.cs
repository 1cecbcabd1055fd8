using Holdfast.Engine.Components;

namespace Holdfast.Components.Files.Paths;

/// <summary>Which files a restore is about: patterns of their paths on the platform.</summary>
internal sealed record RestorePatterns(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    /// <summary>What the restore stays within; nothing means that it brings back all that the point has.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>
    /// A path may be given as 'points files' prints it, with /files before it, as well: unless the platform has such a folder
    /// itself, and the path is what it says.
    /// </summary>
    public static async Task<RestorePatterns> OfAsync(RestoreSession session, CancellationToken cancellation)
    {
        var asked = new RestorePatterns(session.Include, session.Exclude);
        if (!session.Include.Concat(session.Exclude).Any(IsOfThePoint)) return asked;
        if (await session.Repository.FindNodeAsync(session.Point, FilesComponent.Root + FilesComponent.Root, cancellation) is not null) return asked;
        return new RestorePatterns([.. session.Include.Select(Shorten)], [.. session.Exclude.Select(Shorten)]);
    }

    /// <summary>False when patterns include files and none of the point is among them.</summary>
    public async Task<bool> FitAsync(RestoreSession session, CancellationToken cancellation) =>
        Include.Count == 0 || await session.Repository.HasFittingAsync(session.Point, FilesComponent.Root, Include, Exclude, cancellation);

    private static bool IsOfThePoint(string pattern) => pattern.StartsWith(FilesComponent.Root + "/", StringComparison.Ordinal);

    private static string Shorten(string pattern) => IsOfThePoint(pattern) ? pattern[FilesComponent.Root.Length..] : pattern;
}
