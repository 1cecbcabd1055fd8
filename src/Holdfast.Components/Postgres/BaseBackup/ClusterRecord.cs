using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Points;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// Describes the files of a cluster in a recovery point: base.json for programs, and a record in the manifest for
/// users.
/// </summary>
internal static class ClusterRecord
{
    public static BaseRecord Of(string method, ClusterFacts facts, DamagedPages damaged) => new()
    {
        Method = method,
        SystemIdentifier = facts.SystemIdentifier,
        Version = facts.Version,
        DataDirectory = facts.DataDirectory,
        ConfigFile = facts.ConfigFile,
        Timeline = facts.Timeline,
        SegmentSize = facts.SegmentSize,
        BlockSize = facts.BlockSize,
        Checksums = facts.Checksums,
        Tablespaces = facts.Tablespaces,
        Damaged = damaged.Files,
    };

    public static async Task AddAsync(CaptureSession session, string cluster, ClusterFacts facts, BaseRecord record, CopyCounts counts, int segments, CancellationToken cancellation)
    {
        using var json = new MemoryStream(record.Write());
        await session.Writer.AddStreamAsync(BasePath.Record(cluster), json, cancellation: cancellation);
        var at = record.Mark?.Time ?? record.Started;
        var entry = new ComponentRecord
        {
            Name = $"postgres/{cluster}", Kind = "postgres", Path = DumpPath.Cluster(cluster), From = at, To = record.Mark?.Time ?? record.Stopped, Details = Details(record, facts),
        };
        entry.Versions["postgresql"] = facts.VersionText;
        entry.Counts["files"] = counts.Files;
        entry.Counts["unread"] = counts.Unread;
        entry.Counts["bytes"] = counts.Bytes;
        if (facts.Checksums) entry.Counts["pagesVerified"] = counts.Damaged.Verified;
        entry.Counts["pagesDamaged"] = record.Damaged.Sum(file => file.Count);
        entry.Counts["filesWithChangedPages"] = counts.Deltas;
        entry.Counts["changedPages"] = counts.DeltaPages;
        entry.Counts["walSegments"] = segments;
        if (counts.LeftOut > 0)
        {
            entry.Omit(Quantity.Of(counts.LeftOut, "sparse file"), "of more holes than are captured");
            entry.Complete = false;
        }
        session.Manifest.Components.Add(entry);
    }

    private static JsonObject Details(BaseRecord record, ClusterFacts facts) => new()
    {
        ["method"] = record.Method,
        ["systemIdentifier"] = $"{record.SystemIdentifier}",
        ["timeline"] = record.Timeline,
        ["startLsn"] = record.StartLsn,
        ["stopLsn"] = record.StopLsn,
        ["markLsn"] = record.Mark?.Lsn,
        ["checksums"] = record.Checksums,
        ["leftOut"] = LogicalSlots.LeftOut(record.Method == "base" ? facts.LogicalSlots : []),
        ["tablespaces"] = new JsonArray([.. record.Tablespaces.Select(tablespace => (JsonNode)new JsonObject { ["oid"] = tablespace.Oid, ["name"] = tablespace.Name, ["path"] = tablespace.Path })]),
        ["damaged"] = new JsonArray([.. record.Damaged.Select(file => (JsonNode)new JsonObject { ["file"] = file.File, ["pages"] = file.Count })]),
    };
}
