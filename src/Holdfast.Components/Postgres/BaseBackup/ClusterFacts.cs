using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// What a running server reports about itself and the location of its files, always queried and never assumed.
/// </summary>
internal sealed record ClusterFacts
{
    private const string Question = """
        SELECT current_setting('data_directory'), current_setting('config_file'), current_setting('server_version_num'), current_setting('server_version'),
            (SELECT system_identifier FROM pg_catalog.pg_control_system()), (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),
            pg_catalog.pg_is_in_recovery(), current_setting('data_checksums'), current_setting('block_size'),
            (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size'), (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'segment_size'),
            current_setting('wal_level'), current_setting('max_replication_slots'),
            CASE WHEN pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') THEN (SELECT sum(pg_catalog.pg_database_size(oid)) FROM pg_catalog.pg_database) ELSE 0 END::bigint,
            (SELECT catalog_version_no FROM pg_catalog.pg_control_system())
        """;

    private const string TablespaceQuestion = """
        SELECT oid, spcname, pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY oid
        """;

    public required string DataDirectory { get; init; }
    public required string ConfigFile { get; init; }

    /// <summary>The value of server_version_num, such as 150018.</summary>
    public required int Version { get; init; }
    public required string VersionText { get; init; }
    public required ulong SystemIdentifier { get; init; }
    public required uint Timeline { get; init; }
    public required bool IsStandby { get; init; }
    public required bool Checksums { get; init; }
    public required int BlockSize { get; init; }

    /// <summary>The size of a WAL segment in bytes.</summary>
    public required int SegmentSize { get; init; }

    /// <summary>The number of blocks in a full file of a relation.</summary>
    public required uint RelationBlocks { get; init; }
    public required string WalLevel { get; init; }
    public required int ReplicationSlots { get; init; }

    /// <summary>The name of this server's folder in each of its tablespaces, such as "PG_15_202209061".</summary>
    public required string TablespaceFolder { get; init; }

    /// <summary>The approximate size of all databases in bytes; 0 when the user may not read it.</summary>
    public long Size { get; init; }
    public IReadOnlyList<TablespaceEntry> Tablespaces { get; init; } = [];

    /// <summary>
    /// The logical replication slots, each with its plugin and database: "debezium (pgoutput, database shop)".
    /// </summary>
    public IReadOnlyList<string> LogicalSlots { get; init; } = [];

    /// <exception cref="ProblemException">
    /// A tablespace is in the data directory: it would be copied twice, and could not be restored there.
    /// </exception>
    public void RefuseInnerTablespaces(string cluster)
    {
        if (Tablespaces.FirstOrDefault(tablespace => Path.IsPathRooted(tablespace.Path) && FolderNesting.IsWithin(tablespace.Path, DataDirectory)) is { } inner)
            throw Catalogue.PostgresFiles.Throwable(
                $"The tablespace {inner.Name} of {cluster} is at {inner.Path}, in the data directory {DataDirectory}.",
                "Make a tablespace elsewhere and move its tables there (ALTER TABLE ALL IN TABLESPACE ... SET TABLESPACE), or use the method dump.");
    }

    /// <exception cref="ProblemException">
    /// The server does not answer, or the user may not read its settings.
    /// </exception>
    public static async Task<ClusterFacts> AskAsync(PostgresConnector connector, NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            var facts = (await connection.RowsAsync(Question, Read, cancellation))[0];
            var slots = await Connection.LogicalSlots.FindAsync(connection, cancellation);
            return facts with { LogicalSlots = slots, Tablespaces = await connection.RowsAsync(TablespaceQuestion, row => new TablespaceEntry(uint.Parse(row[0]), row[1], row[2]), cancellation) };
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"Asking {connector.Place} for its data directory failed");
        }
    }

    private static ClusterFacts Read(string[] row) => new()
    {
        DataDirectory = row[0].TrimEnd('/'),
        ConfigFile = row[1],
        Version = int.Parse(row[2]),
        VersionText = row[3],
        SystemIdentifier = ulong.Parse(row[4]),
        Timeline = uint.Parse(row[5]),
        IsStandby = row[6] is "t" or "true",
        Checksums = row[7] == "on",
        BlockSize = int.Parse(row[8]),
        SegmentSize = int.Parse(row[9]),
        RelationBlocks = uint.Parse(row[10]),
        WalLevel = row[11],
        ReplicationSlots = int.Parse(row[12]),
        Size = long.Parse(row[13]),
        TablespaceFolder = $"PG_{int.Parse(row[2]) / 10_000}_{row[14]}",
    };
}
