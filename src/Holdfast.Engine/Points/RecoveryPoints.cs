using System.Text;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Points;

/// <summary>The recovery points of a repository; snapshots of other programs are not among them.</summary>
/// <param name="repository">Opened.</param>
/// <param name="warn">Called once for every snapshot that cannot be read; null when these have been reported
/// already.</param>
public sealed class RecoveryPoints(Repository repository, Action<Problem>? warn = null)
{
    private readonly HashSet<Id> _told = [];
    private bool _toldOfIndexes;

    /// <summary>The path of the profile in a recovery point.</summary>
    public const string ProfilePath = "/profile.yaml";

    /// <summary>The largest manifest or profile that is read; 64 MiB.</summary>
    private const long MaximumSize = 64 << 20;

    /// <summary>The points of a platform, or of all, newest first.</summary>
    public async Task<IReadOnlyList<Snapshot>> ListAsync(string? platform, CancellationToken cancellation) =>
        [.. (await ListSnapshotsAsync(cancellation))
            .Where(snapshot => PointTags.IsPoint(snapshot) && (platform is null || PointTags.PlatformOf(snapshot) == platform))
            .Reverse()];

    /// <summary>
    /// The snapshots of all programs, oldest first. A damaged one is skipped: it must not prevent the use of the
    /// others.
    /// </summary>
    public async Task<IReadOnlyList<Snapshot>> ListSnapshotsAsync(CancellationToken cancellation)
    {
        var listing = await repository.ListReadableSnapshotsAsync(cancellation);
        foreach (var damaged in listing.Damaged.Where(damaged => _told.Add(damaged.Id))) warn?.Invoke(Describe(damaged));
        return listing.Snapshots;
    }

    /// <summary>The newest complete point of a platform; null when there is none.</summary>
    public async Task<Snapshot?> FindCompleteAsync(string? platform, CancellationToken cancellation) =>
        (await ListAsync(platform, cancellation)).FirstOrDefault(PointTags.IsWhole);

    /// <summary>
    /// Finds a point by its id or the beginning of it, or by "latest": the newest point of the platform that holds what
    /// is requested. Points made with --only are skipped when everything is requested and another point exists.
    /// </summary>
    /// <exception cref="ProblemException">No point matches, the id is ambiguous, or the repository has several
    /// platforms and none is given.</exception>
    public async Task<Snapshot> FindAsync(string name, string? platform, IReadOnlyList<string> only, CancellationToken cancellation)
    {
        if (name == "latest") return await FindLatestAsync(platform, only, cancellation);
        var snapshot = await repository.FindSnapshotAsync(name, cancellation);
        return PointTags.IsPoint(snapshot)
            ? snapshot
            : throw Catalogue.PointMissing.Throwable($"The snapshot {snapshot.Id.ToShortString()} was not made by Holdfast.", "Restore it with the stock restic, or choose one of 'holdfast points list'.");
    }

    /// <exception cref="ProblemException">The manifest is of a newer format, damaged, or missing.</exception>
    public async Task<Manifest> ReadManifestAsync(Snapshot point, CancellationToken cancellation) =>
        ManifestCodec.Read(await ReadAsync(point, ManifestCodec.Path, cancellation), point.Id.ToShortString());

    /// <summary>The profile that the point was made with.</summary>
    public async Task<Profile> ReadProfileAsync(Snapshot point, CancellationToken cancellation) =>
        ProfileReader.Parse(await ReadProfileTextAsync(point, cancellation), $"{point.Id.ToShortString()}:{ProfilePath}");

    /// <summary>The text of the profile that the point was made with, comments and all.</summary>
    public async Task<string> ReadProfileTextAsync(Snapshot point, CancellationToken cancellation) =>
        Encoding.UTF8.GetString(await ReadAsync(point, ProfilePath, cancellation));

    /// <summary>Reads a small file of a point.</summary>
    internal async Task<byte[]> ReadAsync(Snapshot point, string path, CancellationToken cancellation)
    {
        var node = await repository.FindNodeAsync(point, path, cancellation)
            ?? throw Catalogue.PointManifest.Throwable($"Recovery point {point.Id.ToShortString()} has no '{path}'.");
        if (node.Size > MaximumSize) throw Catalogue.PointManifest.Throwable($"'{path}' of recovery point {point.Id.ToShortString()} is larger than 64 MiB.");
        await using var content = repository.OpenFile(node);
        var bytes = new MemoryStream((int)node.Size);
        await content.CopyToAsync(bytes, cancellation);
        TellOfIndexes();
        return bytes.ToArray();
    }

    private void TellOfIndexes()
    {
        if (_toldOfIndexes || repository.UnreadableIndexes is not [var first, ..] all) return;
        _toldOfIndexes = true;
        warn?.Invoke(Catalogue.RepositoryDamaged.With(
            $"{all.Count} index files of the repository cannot be read, so what only they list is passed over: {first}",
            "What the other indexes list can be restored; backups are refused. Put the file back from a copy of the repository, or let the stock 'restic rebuild-index' write the index anew from the packs."));
    }

    private async Task<Snapshot> FindLatestAsync(string? platform, IReadOnlyList<string> only, CancellationToken cancellation)
    {
        var points = await ListAsync(platform, cancellation);
        RefuseSeveralPlatforms(points);
        if (only.Count == 0 && points.FirstOrDefault(point => !PointTags.IsPartial(point)) is { } whole) return whole;
        var known = new List<(string Name, string Kind)>();
        foreach (var point in points)
        {
            if (only.Count == 0) return point;
            var components = (await ReadManifestAsync(point, cancellation)).Components;
            if (Selection.Covers(components, only)) return point;
            known.AddRange(components.Select(component => (component.Name, component.Kind)));
        }
        if (known.Count > 0) Selection.RequireKnown(known, only);
        var sought = only.Count == 0 ? "recovery point" : $"recovery point with {string.Join(" and ", only)}";
        throw Catalogue.PointMissing.Throwable(platform is null ? $"There is no {sought} in the repository." : $"There is no {sought} of the platform '{platform}'.");
    }

    private static Problem Describe(DamagedSnapshot damaged) => Catalogue.RepositoryDamaged.With(
        $"The file '{damaged.File}' of the repository is damaged, so what it names is passed over.",
        "All other recovery points can be used. See 'holdfast repo check' and look at the disk; put the file back from a copy of the repository, or move it away when there is none.");

    private static void RefuseSeveralPlatforms(IReadOnlyList<Snapshot> points)
    {
        var platforms = points.Select(PointTags.PlatformOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (platforms.Count > 1)
            throw Catalogue.PointAmbiguous.Throwable($"The repository has recovery points of several platforms: {string.Join(", ", platforms)}.", "Name the profile of one with --profile, or the id of a point.");
    }
}
