using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Points;

/// <summary>
/// base.json: the description of a cluster's captured files, for their restore and for the next capture.
/// </summary>
internal sealed record BaseRecord
{
    /// <summary>The version of this format; 1.</summary>
    public int Format { get; init; } = 1;

    /// <summary>"base" or "cold".</summary>
    public required string Method { get; init; }

    /// <summary>The cluster's system identifier, which its copies and its WAL share.</summary>
    public required ulong SystemIdentifier { get; init; }

    /// <summary>server_version_num: 150018.</summary>
    public required int Version { get; init; }
    public required string DataDirectory { get; init; }

    /// <summary>The path of postgresql.conf; Debian keeps it outside of the data directory.</summary>
    public string? ConfigFile { get; init; }
    public required uint Timeline { get; init; }

    /// <summary>The WAL segment size in bytes.</summary>
    public required int SegmentSize { get; init; }
    public int BlockSize { get; init; } = UsualBlock;

    /// <summary>Whether data checksums were enabled; then the pages were verified.</summary>
    public bool Checksums { get; init; }

    /// <summary>
    /// When the copying began, by the clock of this machine: a file modified later than one second before this is read
    /// again by the next capture.
    /// </summary>
    public DateTimeOffset Started { get; init; }
    public DateTimeOffset Stopped { get; init; }

    /// <summary>The LSN at which replay begins; null for a cluster that was shut down.</summary>
    public string? StartLsn { get; init; }

    /// <summary>The LSN at which the files become consistent.</summary>
    public string? StopLsn { get; init; }

    /// <summary>
    /// The content of backup_label, which specifies where replay begins; null for a cluster that was shut down.
    /// </summary>
    public string? BackupLabel { get; init; }
    public string? TablespaceMap { get; init; }
    public IReadOnlyList<TablespaceEntry> Tablespaces { get; init; } = [];
    public IReadOnlyList<DamagedFile> Damaged { get; init; } = [];

    /// <summary>
    /// The mark of the recovery point; null for a cluster that was shut down, whose files are of that instant already.
    /// </summary>
    public MarkEntry? Mark { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, BaseJson.Default.BaseRecord);

    /// <exception cref="JsonException">The bytes are not a valid record.</exception>
    public static async Task<BaseRecord> ReadAsync(Stream json, CancellationToken cancellation)
    {
        var bytes = new byte[Largest];
        var count = await json.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        if (count == bytes.Length) throw new JsonException($"base.json has more than {Largest} bytes.");
        var record = JsonSerializer.Deserialize(bytes.AsSpan(0, count), BaseJson.Default.BaseRecord) ?? throw new JsonException("base.json is empty.");
        // Source-generated deserialization does not apply the defaults of properties that the JSON does not have.
        record = record with { Tablespaces = record.Tablespaces ?? [], Damaged = record.Damaged ?? [], BlockSize = record.BlockSize == 0 ? UsualBlock : record.BlockSize };
        return record.WhyInvalid() is { } why ? throw new JsonException($"base.json is not valid: {why}.") : record;
    }

    /// <summary>
    /// The largest record in bytes, 4 MiB: that of a cluster with a thousand damaged files has some hundred KiB.
    /// </summary>
    private const int Largest = 4 << 20;

    private const int UsualBlock = 8192;

    /// <summary>
    /// Describes what is invalid in the record; null when nothing is. A restore writes its values into files and
    /// settings, so any value that Holdfast would not have written is refused.
    /// </summary>
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

    /// <summary>True for a path without "..", which would let a restore write outside of its directory.</summary>
    private static bool IsPath(string path) =>
        path is ['/', _, ..] && !path.Contains('\0') && path.Length < 4096 && path.Split('/')[1..].All(name => name is not ("" or "." or ".."));

    private static bool IsLsn(string? text) => text is null || NpgsqlLogSequenceNumber.TryParse(text, out _);

    /// <summary>Parses an LSN in PostgreSQL's notation: "0/2000028".</summary>
    public static NpgsqlLogSequenceNumber Lsn(string text) => NpgsqlLogSequenceNumber.Parse(text);
}

/// <summary>A tablespace: "pg_tblspc/<paramref name="Oid"/>" is a link to <paramref name="Path"/>.</summary>
internal sealed record TablespaceEntry(uint Oid, string Name, string Path);

/// <summary>
/// A file with pages that do not match their checksums. <paramref name="Blocks"/> are counted from the beginning of
/// this file; only the first thousand are listed.
/// </summary>
internal sealed record DamagedFile(string File, IReadOnlyList<uint> Blocks, long Count);

/// <summary>
/// The mark of a recovery point in the WAL: a restore point, or the replay LSN of a standby, which cannot create a
/// restore point, so that the mark has no name there.
/// </summary>
internal sealed record MarkEntry(string Name, string Lsn, DateTimeOffset Time);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(BaseRecord))]
internal sealed partial class BaseJson : JsonSerializerContext;
