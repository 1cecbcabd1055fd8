using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// The queries of the catalog for a dump. Differences between servers 11 to 18 are handled here: columns that a version
/// may lack are read through to_jsonb, which returns NULL for them.
/// </summary>
internal static class CatalogQuery
{
    private const string UserSchema = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

    /// <summary>
    /// The relations to dump. Members of extensions are restored by CREATE EXTENSION; only tables that an extension
    /// declares as configuration hold rows of the user. Source: PostgreSQL's manual, 38.17.3, "Extension Configuration
    /// Tables".
    /// </summary>
    private const string Relations = $"""
        config AS (SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition FROM pg_catalog.pg_extension),
        member AS (SELECT objid AS oid FROM pg_catalog.pg_depend
            WHERE classid = 'pg_catalog.pg_class'::regclass AND refclassid = 'pg_catalog.pg_extension'::regclass AND deptype = 'e'),
        relation AS (SELECT c.*, n.nspname, config.oid IS NOT NULL AS is_config, nullif(config.condition, '') AS condition
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN config ON config.oid = c.oid LEFT JOIN member ON member.oid = c.oid
            WHERE {UserSchema} AND (member.oid IS NULL OR config.oid IS NOT NULL))
        """;

    private const string Columns = """
        (SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a)->>'attgenerated', '') = '')
        """;

    private const string Tables = $"""
        (SELECT coalesce(json_agg(json_build_object('schema', r.nspname, 'name', r.relname, 'oid', r.oid::bigint,
            'fileNode', r.relfilenode::bigint, 'columns', {Columns}, 'configuration', r.is_config, 'condition', r.condition,
            'size', coalesce(pg_catalog.pg_table_size(r.oid), 0)) ORDER BY r.nspname, r.relname), '[]')
            FROM relation r WHERE r.relkind = 'r' AND NOT {LostOnStandby})
        """;

    /// <summary>Unlogged relations are empty on a standby, and cannot be queried there.</summary>
    private const string LostOnStandby = "(r.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())";

    private const string LeftOut = $"""
        (SELECT coalesce(json_agg(text ORDER BY text), '[]') FROM (
            SELECT format('The rows of the foreign table %I.%I live on another server.', r.nspname, r.relname) AS text
                FROM relation r WHERE r.relkind = 'f'
            UNION ALL SELECT format('The unlogged table %I.%I has no rows on a standby.', r.nspname, r.relname)
                FROM relation r WHERE r.relkind = 'r' AND {LostOnStandby}
            UNION ALL SELECT format('The unlogged sequence %I.%I has no value on a standby.', r.nspname, r.relname)
                FROM relation r WHERE r.relkind = 'S' AND {LostOnStandby}) left_out)
        """;

    /// <summary>
    /// The largest comment or setting of a database in bytes that is read: its owner chooses the text, up to 1 GiB, and
    /// it is held in memory.
    /// </summary>
    private const int LongestText = 1 << 20;

    private static readonly string _isLongComment = $"pg_catalog.octet_length(pg_catalog.shobj_description((SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()), 'pg_database')) > {LongestText}";

    private static readonly string _grants = $"""
        (SELECT json_agg(json_build_object('grantor', {SharedName.AskInDump("pg_catalog.pg_get_userbyid(a.grantor)")},
            'grantee', CASE WHEN a.grantee <> 0 THEN {SharedName.AskInDump("pg_catalog.pg_get_userbyid(a.grantee)")} END,
            'privilege', a.privilege_type, 'grantable', a.is_grantable)) FROM pg_catalog.aclexplode(d.datacl) a)
        """;

    /// <summary>
    /// Query for the settings. Each value is returned with its name in front, because functions that split texts reject
    /// bytes that are not UTF-8.
    /// </summary>
    private static readonly string _settings = $"""
        (SELECT coalesce(json_agg(json_build_object('role', CASE WHEN s.setrole <> 0 THEN {SharedName.AskInDump("pg_catalog.pg_get_userbyid(s.setrole)")} END,
            'name', split_part(c.item, '=', 1), 'value', CASE WHEN pg_catalog.octet_length(c.item) <= {LongestText} THEN {SharedName.AskInDump("c.item")} END) ORDER BY s.setrole, c.place), '[]')
            FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) WITH ORDINALITY AS c(item, place) WHERE s.setdatabase = d.oid)
        """;

    private static readonly string _properties = $"""
        (SELECT json_build_object('owner', {SharedName.AskInDump("pg_catalog.pg_get_userbyid(d.datdba)")}, 'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
            'collate', d.datcollate, 'ctype', d.datctype, 'localeProvider', to_jsonb(d)->>'datlocprovider',
            'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'), 'icuRules', to_jsonb(d)->>'daticurules',
            'tablespace', t.spcname, 'connectionLimit', d.datconnlimit, 'isTemplate', d.datistemplate,
            'comment', CASE WHEN {_isLongComment} THEN NULL ELSE {SharedName.AskInDump("pg_catalog.shobj_description(d.oid, 'pg_database')")} END, 'grants', {_grants}, 'settings', {_settings})
            FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = pg_catalog.current_database())
        """;

    private const string Sequences = $"""
        (SELECT coalesce(json_agg(json_build_object('schema', r.nspname, 'name', r.relname, 'oid', r.oid::bigint) ORDER BY r.nspname, r.relname), '[]')
            FROM relation r WHERE r.relkind = 'S' AND NOT {LostOnStandby})
        """;

    private const string Partitioned = """
        (SELECT coalesce(json_agg(json_build_object('schema', r.nspname, 'name', r.relname) ORDER BY r.nspname, r.relname), '[]')
            FROM relation r WHERE r.relkind = 'p')
        """;

    private const string Sizes = """
        (SELECT coalesce(json_object_agg(s.name, s.bytes), '{}') FROM (SELECT coalesce(t.spcname, own.spcname) AS name, sum(coalesce(pg_catalog.pg_relation_size(c.oid), 0))::bigint AS bytes
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() JOIN pg_catalog.pg_tablespace own ON own.oid = d.dattablespace
            LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid >= 16384 AND c.relkind IN ('r', 'i', 't', 'm', 'S', 'p', 'I') GROUP BY 1) s)
        """;

    /// <summary>The query that returns everything about the current database in one row.</summary>
    public static string Database { get; } = $"""
        WITH {Relations}
        SELECT json_build_object('properties', {_properties}, 'self', session_user, 'hasLongComment', coalesce({_isLongComment}, false), 'tables', {Tables}, 'sequences', {Sequences}, 'partitioned', {Partitioned},
            'leftOut', {LeftOut}, 'sizes', {Sizes}, 'largeObjects', (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
            'hasPublicSchema', EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public'),
            'extensions', (SELECT coalesce(json_agg(json_build_object('name', extname, 'version', extversion) ORDER BY extname), '[]')
                FROM pg_catalog.pg_extension))::text
        """;

    /// <summary>Query for the current LSN; NULL when the user may not read it.</summary>
    public const string Lsn = """
        SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END::text
        """;

    /// <summary>
    /// Query for the value of each sequence, by its OID: by now the name could belong to another object. Sequences are
    /// not transactional: the value is never older than the snapshot. A sequence that was never used has no last value;
    /// see <see cref="UnusedSequences"/>.
    /// </summary>
    public static string SequenceValues(IEnumerable<CatalogSequence> sequences) => $"""
        SELECT coalesce(json_agg(json_build_object('oid', s.oid::bigint, 'lastValue', s.last)), '[]')::text
            FROM (SELECT v.oid, pg_catalog.pg_sequence_last_value(v.oid) AS last FROM (VALUES {string.Join(", ", sequences.Select(sequence => $"({sequence.Oid}::oid)"))}) v(oid)) s
            WHERE s.last IS NOT NULL
        """;

    /// <summary>
    /// Query for the start of sequences that were never used. With <paramref name="isGuarded"/> the server rejects
    /// objects that are not sequences; otherwise the start value of the catalog is used.
    /// </summary>
    public static string UnusedSequences(IEnumerable<CatalogSequence> sequences, bool isGuarded) =>
        $"SELECT json_agg(v)::text FROM ({string.Join(" UNION ALL ", sequences.Select(sequence => UnusedSequence(sequence, isGuarded)))}) v";

    private static string UnusedSequence(CatalogSequence sequence, bool isGuarded) => isGuarded
        ? $"SELECT {sequence.Oid}::bigint AS oid, last_value AS \"lastValue\", is_called AS \"isCalled\" FROM {Sql.Qualified(sequence.Schema, sequence.Name)}"
        : $"SELECT {sequence.Oid}::bigint AS oid, seqstart AS \"lastValue\", false AS \"isCalled\" FROM pg_catalog.pg_sequence WHERE seqrelid = {sequence.Oid}";
}
