using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The checks of a loaded database before it takes the name of the old one.</summary>
internal sealed class LoadedDatabase(NpgsqlConnection connection, DatabaseContents contents, StepContext context, Refusals? refusals)
{
    private const string InvalidIndexes = """
        SELECT coalesce(string_agg(indexrelid::regclass::text, ', '), '') FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relkind = 'i'
        """;

    /// <summary>
    /// Query for sequences that belong to a column and count upwards, with the statement that reads the column's
    /// largest value. A table with foreign tables below it is left out: reading it would access their servers with the
    /// rights of the restore.
    /// </summary>
    private const string OwnedSequences = """
        SELECT string_agg(format('SELECT %L AS sequence, (SELECT max(%I) FROM %s)::bigint AS largest, last_value AS last FROM %s',
                d.objid::regclass::text, a.attname, d.refobjid::regclass::text, d.objid::regclass::text), ' UNION ALL ')
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
            JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
                AND s.seqincrement > 0 AND NOT s.seqcycle AND c.relkind IN ('r', 'p')
                AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
                AND NOT EXISTS (
                    WITH RECURSIVE below AS (SELECT c.oid UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid)
                    SELECT FROM below JOIN pg_catalog.pg_class f ON f.oid = below.oid WHERE f.relkind = 'f')
        """;

    public async Task CheckAsync(Manifest manifest, string component, CancellationToken cancellation)
    {
        CompareWithManifest(manifest, component);
        await CheckIndexesAsync(cancellation);
        await CheckLargeObjectsAsync(cancellation);
        await CompareExtensionsAsync(cancellation);
        await CheckSequencesAsync(cancellation);
    }

    /// <summary>
    /// Compares the row count of all tables, each of which was counted when it was loaded, with the manifest of the
    /// recovery point.
    /// </summary>
    private void CompareWithManifest(Manifest manifest, string component)
    {
        var details = manifest.Components.FirstOrDefault(record => record.Name == component)?.Details?["databases"]?.AsArray();
        var noted = details?.FirstOrDefault(database => (string?)database?["name"] == contents.Name)?["rows"];
        if (noted is not null && (long)noted != contents.Rows)
            throw Catalogue.PostgresRestore.Throwable(
                $"The manifest has {(long)noted} rows of database \"{contents.Name}\", its dump has {contents.Rows}.");
    }

    private async Task CheckIndexesAsync(CancellationToken cancellation)
    {
        var invalid = await connection.ScalarAsync<string>(InvalidIndexes, cancellation);
        if (!string.IsNullOrEmpty(invalid))
            throw Catalogue.PostgresRestore.Throwable($"Indexes of database \"{contents.Name}\" are invalid: {invalid}.");
    }

    private async Task CheckLargeObjectsAsync(CancellationToken cancellation)
    {
        var count = await connection.ScalarAsync<long>("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata", cancellation);
        if (count == contents.LargeObjects) return;
        var difference = $"Database \"{contents.Name}\" has {count} large objects, the recovery point has {contents.LargeObjects}.";
        if (refusals is { Count: > 0 }) refusals.Add(difference);
        else throw Catalogue.PostgresRestore.Throwable(difference);
    }

    /// <summary>
    /// Reports sequences that are behind their column and would return values that exist already. They are not
    /// corrected, because the platform may have had them. Planning the query may run functions of other users
    /// (expressions of indexes and constraints), so it is the last query of the session, and is rolled back.
    /// </summary>
    private async Task CheckSequencesAsync(CancellationToken cancellation)
    {
        if (await connection.ScalarAsync<string>(OwnedSequences, cancellation) is not { } query) return;
        await connection.ExecuteAsync("BEGIN", cancellation);
        var behind = await connection.ScalarAsync<string>(
            $"SELECT string_agg(sequence, ', ') FROM ({query}) s WHERE largest > last", cancellation);
        await connection.ExecuteAsync("ROLLBACK", cancellation);
        if (behind is not null)
            context.Warn(Catalogue.PostgresSequence.With($"Sequences of database \"{contents.Name}\" are behind their columns, as they were in the recovery point: {behind}."));
    }

    private async Task CompareExtensionsAsync(CancellationToken cancellation)
    {
        var now = (await connection.ScalarAsync<string>(
            "SELECT coalesce(json_object_agg(extname, extversion), '{}')::text FROM pg_catalog.pg_extension", cancellation))!;
        var versions = JsonNode.Parse(now)!;
        foreach (var extension in contents.Extensions)
            if ((string?)versions[extension.Name] is { } version && version != extension.Version)
                context.Note($"Extension {extension.Name} of database \"{contents.Name}\" is now version {version}; it was {extension.Version}.");
    }
}
