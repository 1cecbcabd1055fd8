using System.Text.Json;
using System.Text.Json.Serialization;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Base;

/// <summary>base.json: what is known of the captured files of a cluster, for their restore and for the next capture.</summary>
internal sealed record BaseRecord
{
    /// <summary>The version of this format; 1.</summary>
    public int Format { get; init; } = 1;

    /// <summary>"base" or "cold".</summary>
    public required string Method { get; init; }

    /// <summary>The cluster's own number, which it shares with its copies and with its WAL.</summary>
    public required ulong SystemIdentifier { get; init; }

    /// <summary>server_version_num: 150018.</summary>
    public required int Version { get; init; }
    public required string DataDirectory { get; init; }

    /// <summary>Where postgresql.conf was; Debian keeps it outside of the data directory.</summary>
    public string? ConfigFile { get; init; }
    public required uint Timeline { get; init; }

    /// <summary>Bytes.</summary>
    public required int SegmentSize { get; init; }
    public int BlockSize { get; init; } = 8192;

    /// <summary>Whether the cluster has checksums on its pages; they were verified then.</summary>
    public bool Checksums { get; init; }

    /// <summary>When the copying began, by the clock of this machine: a file that was modified a second before this or later is read again next time.</summary>
    public DateTimeOffset Started { get; init; }
    public DateTimeOffset Stopped { get; init; }

    /// <summary>Replay begins here; null for a cluster that was shut down.</summary>
    public string? StartLsn { get; init; }

    /// <summary>Before this is replayed the files do not fit each other.</summary>
    public string? StopLsn { get; init; }

    /// <summary>backup_label, which tells the restored server where replay begins; null for a cluster that was shut down.</summary>
    public string? BackupLabel { get; init; }
    public string? TablespaceMap { get; init; }
    public IReadOnlyList<TablespaceEntry> Tablespaces { get; init; } = [];
    public IReadOnlyList<DamagedFile> Damaged { get; init; } = [];

    /// <summary>The instant of the recovery point; null for a cluster that was shut down, which is of that instant as it is.</summary>
    public MarkEntry? Mark { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, BaseJson.Default.BaseRecord);

    /// <exception cref="JsonException">The bytes are no such record.</exception>
    public static async Task<BaseRecord> ReadAsync(Stream json, CancellationToken cancellation) =>
        await JsonSerializer.DeserializeAsync(json, BaseJson.Default.BaseRecord, cancellation) ?? throw new JsonException("base.json is empty.");

    /// <summary>An address as people and this record write it: "0/2000028".</summary>
    public static NpgsqlLogSequenceNumber Lsn(string text) => NpgsqlLogSequenceNumber.Parse(text);
}

/// <summary>A tablespace: "pg_tblspc/<paramref name="Oid"/>" is a link to <paramref name="Path"/>.</summary>
internal sealed record TablespaceEntry(uint Oid, string Name, string Path);

/// <summary>A file with pages that do not fit their checksums. <paramref name="Blocks"/> are counted from the beginning of this file; the first thousand stand here.</summary>
internal sealed record DamagedFile(string File, IReadOnlyList<uint> Blocks, long Count);

/// <summary>The instant of a recovery point in the WAL: a restore point, or where a standby was, which can make none and has no name for it.</summary>
internal sealed record MarkEntry(string Name, string Lsn, DateTimeOffset Time);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(BaseRecord))]
internal sealed partial class BaseJson : JsonSerializerContext;
