using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// A session that loads a database. Its statements may run functions of other users in constraints, domains and
/// indexes. What such a function leaves behind, in the transaction or in the session, affects neither the next
/// statement nor the rights of the restore. docs/decisions/0034-loading-rows-of-others.md gives the details.
/// </summary>
internal sealed class LoadSession : IAsyncDisposable
{
    /// <summary>
    /// A role that may only read settings. Source: PostgreSQL's manual, "Predefined Roles" (since version 10).
    /// </summary>
    private const string Powerless = "SET LOCAL ROLE pg_read_all_settings";

    private const string AllowViews = $"SELECT pg_catalog.set_config('{StartupSettings.Restriction}', '', false)";
    private const string AskSuper = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

    private readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal) { ["synchronous_commit"] = "SET synchronous_commit = off" };
    private readonly Func<Task<NpgsqlConnection>> _open;

    /// <summary>
    /// The role on whose behalf the next statements run according to the script, quoted for SQL; null for the user of
    /// the restore.
    /// </summary>
    private string? _grantor;

    private LoadSession(NpgsqlConnection connection, bool isSuper, Func<Task<NpgsqlConnection>> open) => (Connection, IsSuper, _open) = (connection, isSuper, open);

    public NpgsqlConnection Connection { get; private set; }

    /// <summary>Whether the user of the profile is a superuser.</summary>
    public bool IsSuper { get; }

    /// <summary>
    /// False after an error at which Npgsql closes its connection: a missing file (58P01), such as the library of an
    /// extension.
    /// </summary>
    public bool IsOpen => Connection.FullState.HasFlag(System.Data.ConnectionState.Open);

    /// <summary>Opens a new session, with the settings made so far.</summary>
    public async Task ReopenAsync(CancellationToken cancellation)
    {
        await Connection.DisposeAsync();
        Connection = await _open();
        await SendAsync(_settings.Values, cancellation);
    }

    /// <param name="connector">The connector of the cluster.</param>
    /// <param name="database">The database that is loaded.</param>
    /// <param name="bytes">As of <see cref="PostgresConnector.OpenAsync"/>.</param>
    /// <param name="allowsViews">See <see cref="StartupSettings.AllowViewsAsync"/>.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <exception cref="Engine.Problems.ProblemException">The server cannot be reached.</exception>
    public static async Task<LoadSession> OpenAsync(
        PostgresConnector connector, string database, string? bytes, bool allowsViews, CancellationToken cancellation)
    {
        var connection = await connector.OpenAsync(database, cancellation, bytes);
        try
        {
            var isSuper = await connection.ScalarAsync<bool>(AskSuper, cancellation);
            var session = new LoadSession(connection, isSuper, () => connector.OpenAsync(database, cancellation, bytes));
            foreach (var (name, statement) in await StartupSettings.ReadKnownAsync(connection, cancellation)) session._settings[name] = statement;
            if (allowsViews && session._settings.ContainsKey(StartupSettings.Restriction)) session._settings[StartupSettings.Restriction] = AllowViews;
            await session.SendAsync(session._settings.Values, cancellation);
            return session;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Runs one statement in a transaction of its own. A statement of the script that changes a setting is remembered,
    /// because it also applies to the statements after it; nothing else does.
    /// </summary>
    public async Task RunAsync(string statement, CancellationToken cancellation)
    {
        if (SettingOf(statement) is { } setting)
        {
            await SendAsync([statement], cancellation);
            _settings[setting] = statement;
            return;
        }
        if (ScriptStatement.IsAuthorization(statement, out var role))
        {
            _grantor = role;
            return;
        }
        await RunAsync(_grantor is null ? ["BEGIN", statement, .. Commit] : AsGrantor(_grantor, statement), cancellation);
    }

    /// <summary>
    /// Fills a materialized view. Row-level policies apply to its owner, as whom PostgreSQL runs the query; with
    /// row_security off, as pg_dump sets it, a query that policies apply to is rejected.
    /// </summary>
    public Task RefreshAsync(string statement, CancellationToken cancellation) =>
        RunAsync(["BEGIN", "SET LOCAL row_security = on", statement, .. Commit], cancellation);

    private async Task RunAsync(IEnumerable<string> transaction, CancellationToken cancellation)
    {
        try
        {
            await SendAsync(transaction, cancellation);
        }
        catch (PostgresException) when (Connection.FullState.HasFlag(System.Data.ConnectionState.Open))
        {
            await SendAsync(["ROLLBACK"], cancellation);
            throw;
        }
        await ResetAsync(cancellation);
    }

    /// <summary>
    /// Returns the statements that grant a right on behalf of the role that has passed it on. They run no code of other
    /// users, and end with the rights of that role.
    /// </summary>
    private static string[] AsGrantor(string grantor, string statement) => ScriptStatement.IsRight(statement)
        ? ["BEGIN", $"SET LOCAL SESSION AUTHORIZATION {grantor}", statement, "COMMIT"]
        : throw Engine.Problems.Catalogue.PostgresScript.Throwable(
            $"A statement of the script is in the name of {ByteText.Decode(grantor)}, and is no GRANT or REVOKE: {ScriptStatement.BeginningOf(statement)}");

    /// <summary>Sends a statement that runs no code of other users: it may begin or end a transaction.</summary>
    public Task RunAsItIsAsync(string statement, CancellationToken cancellation) => SendAsync([statement], cancellation);

    /// <summary>Commits the open transaction, and then resets the session.</summary>
    public async Task CommitAsync(CancellationToken cancellation)
    {
        await SendAsync(Commit, cancellation);
        await ResetAsync(cancellation);
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    /// <summary>
    /// Commits the transaction. COMMIT runs the queries of cursors WITH HOLD and deferred triggers with the rights of
    /// the committing role. So cursors are closed and triggers fired before, and what a trigger may have deferred again
    /// runs as a role without rights.
    /// </summary>
    private string[] Commit => IsSuper
        ? ["SET CONSTRAINTS ALL IMMEDIATE", "CLOSE ALL", Powerless, "COMMIT"]
        : ["CLOSE ALL", "COMMIT"];

    /// <summary>
    /// Resets settings, cursors, prepared statements and temporary tables; the settings of the startup packet apply
    /// again.
    /// </summary>
    private async Task ResetAsync(CancellationToken cancellation)
    {
        await SendAsync(["DISCARD ALL"], cancellation);
        await SendAsync(_settings.Values, cancellation);
    }

    /// <summary>
    /// Sends statements as a batch, in which each is sent unchanged; Npgsql splits other commands at semicolons.
    /// </summary>
    private async Task SendAsync(IEnumerable<string> statements, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(Connection);
        foreach (var statement in statements) batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Returns whether a statement only changes the session for the statements after it.</summary>
    public static bool IsOfSession(string statement) => SettingOf(statement) is not null || ScriptStatement.IsAuthorization(statement, out _);

    /// <summary>
    /// Returns the setting that a statement of pg_dump changes for the session; null for any other statement.
    /// </summary>
    internal static string? SettingOf(string statement)
    {
        var text = WithoutComments(statement);
        if (text.StartsWith("SET ", StringComparison.Ordinal) && text.IndexOf('=') is > 0 and var equals)
            return text[4..equals].Trim().ToString();
        const string Function = "SELECT pg_catalog.set_config(";
        if (!text.StartsWith(Function, StringComparison.Ordinal) || text.IndexOf(',') is not (> 0 and var comma)) return null;
        return text[Function.Length..comma].Trim().Trim('\'').ToString();
    }

    /// <summary>Returns a statement without the blank lines and comments before it.</summary>
    private static ReadOnlySpan<char> WithoutComments(ReadOnlySpan<char> statement)
    {
        while (true)
        {
            statement = statement.TrimStart();
            if (!statement.StartsWith("--", StringComparison.Ordinal)) return statement;
            var line = statement.IndexOf('\n');
            if (line < 0) return [];
            statement = statement[(line + 1)..];
        }
    }
}
