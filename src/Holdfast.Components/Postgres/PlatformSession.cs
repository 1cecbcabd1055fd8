using System.Globalization;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>
/// A session for the profile's own SQL: names are looked up as in the platform's own sessions, and it runs as <see cref="PlatformRole"/> says. First
/// <see cref="DefineAsync"/> all that will be run, then begin: what was defined belongs to that role, which could change it while something of it runs,
/// so between the first such run and the end of the session nothing is defined, and nothing but <see cref="Definition"/>s is sent.
/// </summary>
internal sealed class PlatformSession : IAsyncDisposable
{
    /// <summary>Views are as good as tables here: they are read as the role.</summary>
    private const string AllowViews = "SELECT pg_catalog.set_config(name, '', false) FROM pg_catalog.pg_settings WHERE name = 'restrict_nonsystem_relation_kind'";

    private readonly NpgsqlConnection _connection;
    private readonly PlatformRole _role;
    private readonly string _path;
    private readonly int _version;
    private int _defined;

    private PlatformSession(NpgsqlConnection connection, PlatformRole role, string path, int version) =>
        (_connection, _role, _path, _version) = (connection, role, path, version);

    /// <summary>What is sent to run something: a query of one column, of which a part may be ids as an array's text.</summary>
    internal sealed record Definition(Func<string?, string> Sql);

    public NpgsqlConnection Connection => _connection;

    /// <param name="connector">Of the cluster.</param>
    /// <param name="database">Null for the one that maintenance is done in.</param>
    /// <param name="isReadOnly">Nothing can be changed over it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">The server can not be reached, or there is no role to run it as.</exception>
    public static async Task<PlatformSession> OpenAsync(PostgresConnector connector, string? database, bool isReadOnly, CancellationToken cancellation)
    {
        var connection = await connector.OpenAsync(database ?? connector.Settings.Maintenance, cancellation);
        try
        {
            await connection.ExecuteAsync(AllowViews, cancellation);
            var role = await PlatformRole.ChooseAsync(connection, connector.Settings.Role, isReadOnly, cancellation);
            var path = await PlatformPath.FindAsync(connection, role.Name == "pg_read_all_data" ? connector.Settings.User : role.Name, cancellation);
            return new PlatformSession(connection, role, path, await connection.VersionAsync(cancellation));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The columns of a query: it is only looked at, not run.</summary>
    public async Task<IReadOnlyList<(string Name, string Type)>> DescribeAsync(string query, CancellationToken cancellation)
    {
        await ExecuteAsync("BEGIN READ ONLY", cancellation);
        await SetPathAsync(_path, cancellation);
        var columns = new List<(string Name, uint Type)>();
        await using (var command = new NpgsqlCommand(query, _connection))
        await using (var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SchemaOnly, cancellation))
            for (var i = 0; i < reader.FieldCount; i++) columns.Add((reader.GetName(i), reader.GetDataTypeOID(i)));
        await ExecuteAsync("ROLLBACK", cancellation);
        var types = await _connection.RowsAsync(TypeNames(columns.Select(column => column.Type)), row => row, cancellation);
        return [.. columns.Zip(types, (column, type) => (column.Name, type[1]))];
    }

    /// <summary>Makes a query ready to be run.</summary>
    /// <param name="query">Of one column.</param>
    /// <param name="type">The type of that column.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Definition> DefineAsync(string query, string type, CancellationToken cancellation)
    {
        if (!_role.IsFenced) return new Definition(_ => query);
        var name = NextName();
        await MakeAsync(name, "", $"SETOF {type}", query, cancellation);
        return new Definition(_ => $"SELECT {name}()");
    }

    /// <summary>The same of a query that takes the text of an array of ids.</summary>
    public async Task<Definition> DefineByIdsAsync(Func<string, string> query, string type, CancellationToken cancellation)
    {
        if (!_role.IsFenced) return new Definition(ids => query($"{Sql.Literal(ids!)}::text[]"));
        var name = NextName();
        await MakeAsync(name, "text[]", $"SETOF {type}", query("$1"), cancellation);
        return new Definition(ids => $"SELECT {name}({Sql.Literal(ids!)}::pg_catalog.text[])");
    }

    /// <summary>Begins a transaction in which definitions are run; it always ends by a rollback, which also ends what they may have left to be run later.</summary>
    public async Task BeginAsync(bool isRepeatable, CancellationToken cancellation)
    {
        await ExecuteAsync(isRepeatable ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN READ ONLY", cancellation);
        if (_role.IsSet) await ExecuteAsync($"SET LOCAL ROLE {Sql.Identifier(_role.Name)}", cancellation);
        await SetPathAsync(_path, cancellation);
        await ExecuteAsync("SET LOCAL row_security = on", cancellation);
    }

    public Task RollBackAsync(CancellationToken cancellation) => ExecuteAsync("ROLLBACK", cancellation);

    /// <summary>Runs statements that change something, as one transaction.</summary>
    /// <exception cref="ProblemException">Something that they set off could only run later, with our own rights.</exception>
    public async Task ChangeAsync(string statements, CancellationToken cancellation)
    {
        await ExecuteAsync("BEGIN", cancellation);
        // Constraints that are put off would be looked at by COMMIT, with our own rights.
        var body = $"{statements.TrimEnd().TrimEnd(';')}\n; SET CONSTRAINTS ALL IMMEDIATE";
        if (_role.IsFenced) await MakeAsync("pg_temp.holdfast_change", "", "void", body, cancellation);
        if (_role.IsSet) await ExecuteAsync($"SET LOCAL ROLE {Sql.Identifier(_role.Name)}", cancellation);
        await SetPathAsync(_path, cancellation);
        await ExecuteAsync(_role.IsFenced ? "SELECT pg_temp.holdfast_change()" : statements, cancellation);
        if (_role.IsFenced) await CloseAsync(cancellation);
        await ExecuteAsync("COMMIT", cancellation);
    }

    /// <summary>Cursors and deferred triggers would run at COMMIT as we, not as the role; since PostgreSQL 18 triggers run as who set them off.</summary>
    private async Task CloseAsync(CancellationToken cancellation)
    {
        await ExecuteAsync("SET LOCAL search_path = pg_catalog", cancellation);
        await ExecuteAsync("CLOSE ALL", cancellation);
        if (_version >= 180_000 || !await _connection.ScalarAsync<bool>(DeferrableTriggers, cancellation)) return;
        await ExecuteAsync("ROLLBACK", cancellation);
        throw Catalogue.PostgresRole.Throwable($"The database \"{_connection.Database}\" has triggers that may wait for the end of a transaction, where they would run with the rights of \"{_connection.UserName}\".");
    }

    /// <summary>Those of foreign keys are PostgreSQL's own, and take the rights of the tables' owners; those of unique constraints without expressions run nobody's code.</summary>
    private const string DeferrableTriggers = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = t.tgconstrindid
            WHERE t.tgdeferrable AND NOT (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^RI_FKey')
                AND NOT (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = 'unique_key_recheck' AND i.indexprs IS NULL AND i.indpred IS NULL))
        """;

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private string NextName() => string.Create(CultureInfo.InvariantCulture, $"pg_temp.holdfast_{++_defined}");

    private async Task MakeAsync(string name, string arguments, string returns, string body, CancellationToken cancellation)
    {
        var quote = Quote(body);
        await ExecuteAsync($"CREATE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE sql SECURITY DEFINER AS {quote}\n{body}\n{quote}", cancellation);
        await ExecuteAsync($"ALTER FUNCTION {name}({arguments}) OWNER TO {Sql.Identifier(_role.Name)}", cancellation);
    }

    /// <summary>A dollar quote that the text does not have.</summary>
    private static string Quote(string body)
    {
        var quote = "$holdfast$";
        for (var i = 0; body.Contains(quote, StringComparison.Ordinal); i++) quote = string.Create(CultureInfo.InvariantCulture, $"$holdfast_{i}$");
        return quote;
    }

    private static string TypeNames(IEnumerable<uint> types) => $"""
        SELECT t.place, pg_catalog.format_type(t.oid, NULL) FROM unnest(ARRAY[{string.Join(", ", types)}]::oid[]) WITH ORDINALITY AS t(oid, place) ORDER BY t.place
        """;

    private Task SetPathAsync(string path, CancellationToken cancellation) => ExecuteAsync($"SELECT pg_catalog.set_config('search_path', {Sql.Literal(path)}, true)", cancellation);

    private Task ExecuteAsync(string sql, CancellationToken cancellation) => _connection.ExecuteAsync(sql, cancellation);
}
