using System.Globalization;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using Holdfast.Restic;

namespace Holdfast.Engine.Restore;

/// <summary>The point to restore, and the warnings to show before the restore begins.</summary>
internal sealed record FoundPoint(Snapshot Point, Manifest Manifest, IReadOnlyList<Problem> Warnings);

/// <summary>
/// Finds the point of a restore, refuses one of another platform, and warns of one that is incomplete.
/// </summary>
internal sealed class PointSearch
{
    /// <summary>The largest number of lines about missing objects; 'points show' lists all.</summary>
    private const int MostLines = 20;

    private readonly List<Problem> _warnings = [];
    private readonly Action<Problem> _told;

    public PointSearch(Repository repository, Action<Problem> told) => (_told, Points) = (told, new RecoveryPoints(repository, Warn));

    public RecoveryPoints Points { get; }

    public async Task<FoundPoint> FindAsync(RestoreRequest request, CancellationToken cancellation)
    {
        var point = await Points.FindAsync(request.Point, request.Profile?.Platform, request.Only, cancellation);
        RefuseOtherPlatform(point, request);
        var manifest = await Points.ReadManifestAsync(point, cancellation);
        if (manifest.Components.Any(record => !record.Complete && request.Asks(record))) await TellIncompleteAsync(point, manifest, request, cancellation);
        return new FoundPoint(point, manifest, _warnings);
    }

    /// <summary>
    /// An id finds the points of all platforms, but the databases of such a point would replace those of another
    /// platform.
    /// </summary>
    private static void RefuseOtherPlatform(Snapshot point, RestoreRequest request)
    {
        if (request.Target is not null || request.Profile is not { } profile || PointTags.PlatformOf(point) == profile.Platform) return;
        throw Catalogue.PointPlatform.Throwable(
            $"The recovery point {point.Id.ToShortString()} is of the platform '{PointTags.PlatformOf(point)}', and the profile {profile.File} describes '{profile.Platform}'.");
    }

    private async Task TellIncompleteAsync(Snapshot point, Manifest manifest, RestoreRequest request, CancellationToken cancellation)
    {
        var incomplete = manifest.Components.Where(record => !record.Complete && request.Asks(record)).Select(record => record.Name);
        var other = await Points.FindCompleteAsync(PointTags.PlatformOf(point), cancellation);
        var hint = other is null
            ? "No other recovery point of the platform is complete; what this one has is restored."
            : $"The newest complete one is {Named(other)}: 'holdfast restore {other.Id.ToShortString()}'.";
        Warn(Catalogue.PointIncomplete.With($"The recovery point {Named(point)} is incomplete: something is missing in {string.Join(", ", incomplete)}.", hint) with
        {
            Details = [.. manifest.Warnings.Where(warning => warning.Exit == ExitCode.Incomplete).Take(MostLines).Select(warning => warning.Message)],
        });
    }

    private static string Named(Snapshot point) =>
        string.Create(CultureInfo.InvariantCulture, $"{point.Id.ToShortString()} of {point.Time.ToDateTimeOffset().UtcDateTime:yyyy-MM-dd HH:mm} UTC");

    private void Warn(Problem problem)
    {
        _warnings.Add(problem);
        _told(problem);
    }
}
