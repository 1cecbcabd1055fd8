using System.Globalization;
using System.Text.Json;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>
/// A session for the profile's own SQL: names are looked up as in the platform's own sessions, and it runs as
/// <see cref="PlatformRole"/> determines. Call <see cref="DefineAsync"/> first for all that will be run, then begin:
/// the definitions belong to that role, which could change them while they run, so between the first run and the end of
/// the session nothing is defined, and only <see cref="Definition"/>s are sent.
/// </summary>
internal sealed class PlatformSession : IAsyncDisposable
{
    /// <summary>Allows views, which are as acceptable as tables here: they are read as the role.</summary>
    private const string AllowViews = "SELECT pg_catalog.set_config(name, '', false) FROM pg_catalog.pg_settings WHERE name = 'restrict_nonsystem_relation_kind'";

    private readonly NpgsqlConnection _connection;
    private readonly PlatformRole _role;
    private readonly string _path;
    private int _defined;

    private PlatformSession(NpgsqlConnection connection, PlatformRole role, string path) => (_connection, _role, _path) = (connection, role, path);

    /// <summary>
    /// The statement that runs a defined query: a query of one column, of which a part may be an array of ids as text.
    /// </summary>
    internal sealed record Definition(Func<string?, string> Sql);

    public NpgsqlConnection Connection => _connection;

    /// <param name="connector">The connector of the cluster.</param>
    /// <param name="database">The database; null for the maintenance database.</param>
    /// <param name="isReadOnly">The session is read-only.</param>
    /// <param name="cancellation">Cancels the attempt.</param>
    /// <exception cref="ProblemException">
    /// The server cannot be reached, or there is no role that could run the SQL.
    /// </exception>
    public static async Task<PlatformSession> OpenAsync(PostgresConnector connector, string? database, bool isReadOnly, CancellationToken cancellation)
    {
        var connection = await connector.OpenAsync(database ?? connector.Settings.Maintenance, cancellation);
        try
        {
            await connection.ExecuteAsync(AllowViews, cancellation);
            var role = await PlatformRole.ChooseAsync(connection, connector.Settings.Role, isReadOnly, cancellation);
            var path = await PlatformPath.FindAsync(connection, role.Name == "pg_read_all_data" ? connector.Settings.User : role.Name, cancellation);
            return new PlatformSession(connection, role, path);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Returns the columns of a query, which is analysed but not run. Analysis already runs other owners' code (a
    /// literal that becomes a domain value checks its constraints), so it is done as the role, and in a session of its
    /// own.
    /// </summary>
    /// <param name="connector">The connector of the cluster.</param>
    /// <param name="database">The database; null for the maintenance database.</param>
    /// <param name="query">A query that can be used in FROM.</param>
    /// <param name="timeout">The timeout of each statement, in the server's notation.</param>
    /// <param name="cancellation">Cancels the query.</param>
    /// <returns>Names with types; for a domain, its base type.</returns>
    public static async Task<IReadOnlyList<(string Name, string Type)>> DescribeAsync(
        PostgresConnector connector, string? database, string query, string timeout, CancellationToken cancellation)
    {
        var (json, _) = await AskAsync($"SELECT pg_catalog.row_to_json(r)::pg_catalog.text FROM (SELECT q.* FROM {Empty("q")}) AS r");
        using var row = JsonDocument.Parse(json);
        string[] names = [.. row.RootElement.EnumerateObject().Select(property => property.Name)];
        if (names.Length == 0) return [];
        var columns = names.Select((_, place) => string.Create(CultureInfo.InvariantCulture, $"c{place}")).ToArray();
        var numbers = columns.Select(column => $"pg_catalog.pg_typeof({column})::pg_catalog.oid");
        var (_, types) = await AskAsync(
            $"SELECT (ARRAY[{string.Join(", ", numbers)}])::pg_catalog.text FROM {Empty($"q({string.Join(", ", columns)})")}", isTypes: true);
        return [.. names.Zip(types)];

        // The join condition is false, so the planner leaves the query out.
        string Empty(string name) => $"(VALUES (1)) AS one LEFT JOIN (\n{query}\n) AS {name} ON false";

        async Task<(string Text, IReadOnlyList<string> Types)> AskAsync(string sql, bool isTypes = false)
        {
            await using var session = await OpenAsync(connector, database, isReadOnly: true, cancellation);
            var definition = await session.DefineAsync(sql, "pg_catalog.text", cancellation);
            await session.BeginAsync(isRepeatable: false, cancellation);
            await session.ExecuteAsync($"SET LOCAL statement_timeout = {Sql.Literal(timeout)}", cancellation);
            var text = await session.Connection.ScalarAsync<string>(definition.Sql(null), cancellation) ?? "";
            await session.RollBackAsync(cancellation);
            if (!isTypes) return (text, []);
            var oids = text.Trim('{', '}').Split(',').Select(number => uint.Parse(number, CultureInfo.InvariantCulture));
            return (text, await session.Connection.RowsAsync(TypeNames(oids), found => found[1], cancellation));
        }
    }

    /// <summary>Defines a query so that it can be run.</summary>
    /// <param name="query">A query of one column.</param>
    /// <param name="type">The type of that column.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    public async Task<Definition> DefineAsync(string query, string type, CancellationToken cancellation)
    {
        if (!_role.IsFenced) return new Definition(_ => query);
        var name = NextName();
        await MakeAsync(name, "", $"SETOF {type}", query, cancellation);
        return new Definition(_ => $"SELECT {name}()");
    }

    /// <summary>Defines a query that takes an array of ids as text.</summary>
    public async Task<Definition> DefineByIdsAsync(Func<string, string> query, string type, CancellationToken cancellation)
    {
        if (!_role.IsFenced) return new Definition(ids => query($"{Sql.Literal(ids!)}::text[]"));
        var name = NextName();
        await MakeAsync(name, "text[]", $"SETOF {type}", query("$1"), cancellation);
        return new Definition(ids => $"SELECT {name}({Sql.Literal(ids!)}::pg_catalog.text[])");
    }

    /// <summary>
    /// Begins a transaction in which definitions are run; it always ends with a rollback, which also discards deferred
    /// triggers and cursors that they may have left.
    /// </summary>
    public async Task BeginAsync(bool isRepeatable, CancellationToken cancellation)
    {
        await ExecuteAsync(isRepeatable ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN READ ONLY", cancellation);
        if (_role.IsSet) await ExecuteAsync($"SET LOCAL ROLE {Sql.Identifier(_role.Name)}", cancellation);
        await SetPathAsync(_path, cancellation);
        await ExecuteAsync("SET LOCAL row_security = on", cancellation);
    }

    public Task RollBackAsync(CancellationToken cancellation) => ExecuteAsync("ROLLBACK", cancellation);

    /// <summary>Runs statements that change data, in one transaction.</summary>
    /// <exception cref="ProblemException">
    /// Something that they started could only run later, with the session's own privileges.
    /// </exception>
    public async Task ChangeAsync(string statements, CancellationToken cancellation)
    {
        await ExecuteAsync("BEGIN", cancellation);
        // COMMIT would check deferred constraints with the session's own privileges.
        var body = $"{statements.TrimEnd().TrimEnd(';')}\n; SET CONSTRAINTS ALL IMMEDIATE";
        if (_role.IsFenced) await MakeAsync("pg_temp.holdfast_change", "", "void", body, cancellation);
        if (_role.IsSet) await ExecuteAsync($"SET LOCAL ROLE {Sql.Identifier(_role.Name)}", cancellation);
        await SetPathAsync(_path, cancellation);
        await ExecuteAsync(_role.IsFenced ? "SELECT pg_temp.holdfast_change()" : statements, cancellation);
        if (_role.IsFenced) await CloseAsync(cancellation);
        await ExecuteAsync("COMMIT", cancellation);
    }

    /// <summary>
    /// Closes all cursors and refuses pending deferred triggers, because COMMIT would run both as the session's user,
    /// not as the role. A list of the existing triggers proves nothing, because code that runs at COMMIT can create
    /// others (since PostgreSQL 18, where triggers run as the role that queued them, a cursor).
    /// </summary>
    private async Task CloseAsync(CancellationToken cancellation)
    {
        await ExecuteAsync("SET LOCAL search_path = pg_catalog", cancellation);
        await ExecuteAsync("CLOSE ALL", cancellation);
        await ExecuteAsync("DISCARD TEMP", cancellation);
        await ExecuteAsync($"SET LOCAL lock_timeout = '{LockSeconds}s'", cancellation);
        try
        {
            foreach (var tables in (await _connection.RowsAsync(Deferring, row => row[0], cancellation)).Chunk(TablesAtOnce))
                await ExecuteAsync($"SAVEPOINT holdfast; {string.Join("; ", tables.Select(table => $"ALTER TABLE ONLY {table} RESET (fillfactor)"))}; ROLLBACK TO SAVEPOINT holdfast", cancellation);
        }
        catch (PostgresException pending) when (pending.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            await ExecuteAsync("ROLLBACK", cancellation);
            throw Catalogue.PostgresRole.Throwable($"The statement has set off a trigger of the database \"{_connection.Database}\" that waits for the end of the transaction, where it would run with the rights of \"{_connection.UserName}\".", pending);
        }
    }

    private const int TablesAtOnce = 50, LockSeconds = 10;

    /// <summary>
    /// Tables with triggers that may be deferred. ALTER TABLE refuses a table with pending trigger events
    /// (object_in_use), which no view shows; this form of it blocks neither readers nor writers, and is rolled back.
    /// Source: PostgreSQL, CheckTableNotInUse in tablecmds.c.
    /// </summary>
    private const string Deferring = """
        SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.tgdeferrable AND c.relkind = 'r' ORDER BY 1
        """;

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private string NextName() => string.Create(CultureInfo.InvariantCulture, $"pg_temp.holdfast_{++_defined}");

    private async Task MakeAsync(string name, string arguments, string returns, string body, CancellationToken cancellation)
    {
        var quote = Quote(body);
        await ExecuteAsync($"CREATE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE sql SECURITY DEFINER AS {quote}\n{body}\n{quote}", cancellation);
        await ExecuteAsync($"ALTER FUNCTION {name}({arguments}) OWNER TO {Sql.Identifier(_role.Name)}", cancellation);
    }

    /// <summary>Quotes a text with a dollar quote that it does not contain.</summary>
    private static string Quote(string body)
    {
        var quote = "$holdfast$";
        for (var i = 0; body.Contains(quote, StringComparison.Ordinal); i++) quote = string.Create(CultureInfo.InvariantCulture, $"$holdfast_{i}$");
        return quote;
    }

    private static string TypeNames(IEnumerable<uint> types) => $"""
        WITH RECURSIVE t AS (
            SELECT a.place, a.oid, p.typbasetype FROM unnest(ARRAY[{string.Join(", ", types)}]::oid[]) WITH ORDINALITY AS a(oid, place) JOIN pg_catalog.pg_type p ON p.oid = a.oid
            UNION ALL SELECT t.place, p.oid, p.typbasetype FROM t JOIN pg_catalog.pg_type p ON p.oid = t.typbasetype)
        SELECT place, pg_catalog.format_type(oid, NULL) FROM t WHERE typbasetype = 0 ORDER BY place
        """;

    private Task SetPathAsync(string path, CancellationToken cancellation) => ExecuteAsync($"SELECT pg_catalog.set_config('search_path', {Sql.Literal(path)}, true)", cancellation);

    private Task ExecuteAsync(string sql, CancellationToken cancellation) => _connection.ExecuteAsync(sql, cancellation);
}
