using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Points;

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
    public int BlockSize { get; init; } = UsualBlock;

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
    public static async Task<BaseRecord> ReadAsync(Stream json, CancellationToken cancellation)
    {
        var bytes = new byte[Largest];
        var count = await json.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        if (count == bytes.Length) throw new JsonException($"base.json has more than {Largest} bytes.");
        var record = JsonSerializer.Deserialize(bytes.AsSpan(0, count), BaseJson.Default.BaseRecord) ?? throw new JsonException("base.json is empty.");
        // What a record does not have is not its default when it was generated at build time.
        record = record with { Tablespaces = record.Tablespaces ?? [], Damaged = record.Damaged ?? [], BlockSize = record.BlockSize == 0 ? UsualBlock : record.BlockSize };
        return record.WhyInvalid() is { } why ? throw new JsonException($"base.json is not valid: {why}.") : record;
    }

    /// <summary>4 MiB: the record of a cluster with a thousand damaged files has some hundred KiB.</summary>
    private const int Largest = 4 << 20;

    private const int UsualBlock = 8192;

    /// <summary>What of it cannot be; null when all can. A restore uses its words in files and settings, so what it has not itself written is refused.</summary>
    private string? WhyInvalid()
    {
        if (Method is not ("base" or "cold")) return $"there is no method '{Method}'";
        if (Version is < 90_000 or > 990_000 || Timeline == 0) return $"the version {Version} or the timeline {Timeline} is not valid";
        if (!WalSegment.IsSize(SegmentSize) || BlockSize is < 512 or > 65536 || !int.IsPow2(BlockSize)) return $"segments of {SegmentSize} bytes or blocks of {BlockSize} bytes are not valid";
        if (!IsPath(DataDirectory) || (ConfigFile is { } file && !IsPath(file))) return "the data directory or the configuration file is no plain absolute path";
        if (Tablespaces.Any(tablespace => tablespace is null || tablespace.Oid == 0 || string.IsNullOrEmpty(tablespace.Path) || !IsPath(tablespace.Path is ['/', ..] ? tablespace.Path : $"/{tablespace.Path}"))) return "a tablespace is not valid";
        if (Tablespaces.DistinctBy(tablespace => tablespace.Oid).Count() != Tablespaces.Count) return "two tablespaces have one number";
        if (Damaged.Any(damaged => damaged?.File is null || damaged.Blocks is null)) return "a damaged file is not valid";
        if (!IsLsn(StartLsn) || !IsLsn(StopLsn) || (Method == "base" && (StartLsn is null || StopLsn is null || BackupLabel is null))) return "its LSNs or its backup_label are not valid";
        return Mark is { } mark && (mark.Name is null || mark.Name.Any(char.IsControl) || mark.Lsn is null || !IsLsn(mark.Lsn)) ? "its mark is not valid" : null;
    }

    /// <summary>A path that leads nowhere but down: ".." would lead a restore out of the directory that it has to stay in.</summary>
    private static bool IsPath(string path) =>
        path is ['/', _, ..] && !path.Contains('\0') && path.Length < 4096 && path.Split('/')[1..].All(name => name is not ("" or "." or ".."));

    private static bool IsLsn(string? text) => text is null || NpgsqlLogSequenceNumber.TryParse(text, out _);

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
