using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.Points;

/// <summary>database.json: what a restore needs to know of a dumped database besides its SQL and its rows.</summary>
internal sealed record DatabaseContents
{
    /// <summary>The version of this format; 1.</summary>
    public int Format { get; init; } = 1;
    public required string Name { get; init; }

    /// <summary>server_version_num: 150018.</summary>
    public required int ServerVersion { get; init; }

    /// <summary>The server's own version text: "15.18 (Debian 15.18-0+deb12u1)".</summary>
    public required string ServerVersionText { get; init; }

    /// <summary>The version text of pg_dump.</summary>
    public required string DumpVersion { get; init; }

    /// <summary>The time of the snapshot by this machine's clock.</summary>
    public required DateTimeOffset SnapshotTime { get; init; }

    /// <summary>The end of the WAL at the snapshot; on a standby the last replayed LSN.</summary>
    public required string SnapshotLsn { get; init; }

    public required DatabaseProperties Properties { get; init; }

    /// <summary>False when the schema "public", which every new database has, was dropped.</summary>
    public required bool HasPublicSchema { get; init; }
    public required IReadOnlyList<ExtensionEntry> Extensions { get; init; }
    public required long LargeObjects { get; init; }
    public required IReadOnlyList<SequenceEntry> Sequences { get; init; }
    public required IReadOnlyList<TableEntry> Tables { get; init; }

    /// <summary>Bytes on disk in each tablespace, indexes included; empty in points of older versions.</summary>
    public IReadOnlyDictionary<string, long> Sizes { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>The same, or an estimate when the recovery point does not have it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyDictionary<string, long> SizeByTablespace =>
        Sizes.Count > 0 ? Sizes : new Dictionary<string, long>(StringComparer.Ordinal) { [Properties.Tablespace] = Tables.Sum(table => table.Size) };

    /// <summary>The total size on disk in bytes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long DiskSize => SizeByTablespace.Values.Sum();

    /// <summary>What the dump does not contain, as sentences: rows of foreign tables, for example.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }

    public long Rows => Tables.Sum(table => table.Rows);

    public long Bytes => Tables.Sum(table => table.Bytes);
}

/// <summary>A table whose rows are in the dump.</summary>
internal sealed record TableEntry
{
    public required string Schema { get; init; }
    public required string Name { get; init; }

    /// <summary>The columns that are copied, in order; generated ones are not.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>
    /// True when the table belongs to an extension, which marked it as holding the user's configuration.
    /// </summary>
    public bool Configuration { get; init; }

    /// <summary>For a configuration table, the condition for the user's rows: "WHERE ...".</summary>
    public string? Condition { get; init; }

    /// <summary>The size on disk in bytes, TOAST included. Determines the order of work.</summary>
    public long Size { get; init; }

    /// <summary>The path of its rows, relative to the folder of the database, in COPY's text format.</summary>
    public string File { get; init; } = "";
    public long Rows { get; init; }
    public long Bytes { get; init; }

    public string Qualified => Sql.Qualified(Schema, Name);
}

internal sealed record SequenceEntry(string Schema, string Name, long LastValue, bool IsCalled);

internal sealed record ExtensionEntry(string Name, string Version);

/// <summary>The properties of a database that CREATE DATABASE, ALTER DATABASE, GRANT and COMMENT set.</summary>
internal sealed record DatabaseProperties
{
    public required string Owner { get; init; }
    public required string Encoding { get; init; }

    /// <summary>
    /// True for SQL_ASCII, which guarantees nothing about bytes, so that they are passed through unchanged.
    /// </summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Bytes => Encoding == "SQL_ASCII" ? Encoding : null;
    public required string Collate { get; init; }
    public required string Ctype { get; init; }

    /// <summary>'c' libc, 'i' ICU, 'b' built in; null before PostgreSQL 15.</summary>
    public string? LocaleProvider { get; init; }

    /// <summary>The locale of ICU or of the built-in provider.</summary>
    public string? Locale { get; init; }
    public string? IcuRules { get; init; }
    public required string Tablespace { get; init; }

    /// <summary>The connection limit; -1 for no limit.</summary>
    public required int ConnectionLimit { get; init; }
    public required bool IsTemplate { get; init; }
    public string? Comment { get; init; }

    /// <summary>The privileges; null when none was ever granted or revoked.</summary>
    public IReadOnlyList<DatabaseGrant>? Grants { get; init; }
    public IReadOnlyList<DatabaseSetting> Settings { get; init; } = [];
}

/// <summary>One privilege on the database. <paramref name="Grantee"/> is null for PUBLIC.</summary>
internal sealed record DatabaseGrant(string Grantor, string? Grantee, string Privilege, bool Grantable);

/// <summary>ALTER DATABASE ... SET, or ALTER ROLE ... IN DATABASE ... SET when <paramref name="Role"/> is not null.</summary>
internal sealed record DatabaseSetting(string? Role, string Name, string Value);
