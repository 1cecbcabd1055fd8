using System.Text.Json;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// The newest recovery point that holds files of the same cluster: files that have not changed since are not read
/// again.
/// </summary>
internal sealed record BaseParent(Snapshot Point, BaseRecord Record)
{
    /// <summary>
    /// The number of recovery points that are searched: points of other methods, or made with --only, may be between.
    /// </summary>
    private const int Looked = 20;

    /// <summary>Finds the parent; null when there is none that can be read.</summary>
    public static async Task<BaseParent?> FindAsync(CaptureSession session, string cluster, ulong system, StepContext context, CancellationToken cancellation)
    {
        if (session.Parent is null) return null;
        var points = await new RecoveryPoints(session.Repository).ListAsync(session.Manifest.Platform, cancellation);
        foreach (var point in points.Where(point => point.Paths.Contains(DumpPath.Cluster(cluster), StringComparer.Ordinal)).Take(Looked))
            if (await ReadAsync(session, point, cluster, context, cancellation) is { } record && record.SystemIdentifier == system) return new BaseParent(point, record);
        return null;
    }

    private static async Task<BaseRecord?> ReadAsync(CaptureSession session, Snapshot point, string cluster, StepContext context, CancellationToken cancellation)
    {
        try
        {
            if (await session.Repository.FindNodeAsync(point, BasePath.Record(cluster), cancellation) is not { Type: NodeType.File } node) return null;
            await using var content = session.Repository.OpenFile(node);
            return await BaseRecord.ReadAsync(content, cancellation);
        }
        catch (JsonException)
        {
            return null; // written by a newer version: all files are read
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            context.Warn(Catalogue.PointManifest.With(
                $"'{BasePath.Record(cluster)}' of recovery point {point.Id.ToShortString()} cannot be read, so this backup does not build on that point: {damaged.Message}",
                "This backup does not need it, but that point cannot be restored: run 'holdfast repo check --read-data', which says what else is damaged."));
            return null;
        }
    }
}
