using System.Collections.Frozen;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>A statement of a script that the server rejected.</summary>
/// <param name="Line">The line where the statement begins.</param>
/// <param name="Statement">The text of the statement; each character is a byte. May contain a password.</param>
/// <param name="Why">The error of the server.</param>
/// <param name="Reason">The error as a sentence.</param>
internal sealed record RefusedStatement(int Line, string Statement, PostgresException Why, string Reason)
{
    /// <summary>The first words of the statement, without values, which may include a password.</summary>
    public string Beginning => ScriptStatement.BeginningOf(Statement);

    public string State => Why.SqlState;

    public override string ToString() => Reason;
}

/// <summary>
/// Runs a script of a dump, one statement after the other, without psql: no other program interprets the script, and
/// the result of each statement is known by its SQLSTATE.
/// </summary>
internal sealed class StatementScript(PostgresConnector connector)
{
    /// <summary>The number of rejected statements that are reported in full.</summary>
    private const int Told = 5;

    /// <summary>The number of rejected statements that are kept; of the others only the number is reported.</summary>
    private const int Kept = 200;

    /// <summary>
    /// True when the script of the database holds secrets: its statements are kept out of the server's log, where the
    /// user may set this.
    /// </summary>
    public bool IsSecret { get; init; }

    /// <summary>
    /// True for scripts whose statements may run functions of other users: each statement is a transaction of its own
    /// in a session that is reset afterwards.
    /// </summary>
    public bool RunsCodeOfOthers { get; init; }

    /// <summary>The guard that sets the role for that code; used with <see cref="RunsCodeOfOthers"/>.</summary>
    public LoadGuard? Guard { get; init; }

    /// <summary>Decides by its text whether a statement is run; by default all are.</summary>
    public Func<string, bool>? Runs { get; init; }

    /// <summary>Grants the rights that a script needs to give objects to their owners.</summary>
    public LentSchemas? Lent { get; init; }

    /// <summary>
    /// The pass whose statements are run; null for all. Statements that change a setting run in each pass.
    /// </summary>
    public ScriptPass? Pass { get; init; }

    /// <summary>
    /// Called with each rejected statement that is neither harmless nor fatal; set when a restore keeps going.
    /// </summary>
    public Action<RefusedStatement>? OnRefused { get; init; }

    /// <summary>Statements that run after those of the script, in the same session.</summary>
    public IReadOnlyList<string> Ending { get; init; } = [];

    private static readonly FrozenSet<string> _isMissing = new[]
    {
        PostgresErrorCodes.UndefinedTable, PostgresErrorCodes.UndefinedFunction, PostgresErrorCodes.UndefinedObject, PostgresErrorCodes.InvalidSchemaName,
    }.ToFrozenSet(StringComparer.Ordinal);

    private const string Silence = """
        SELECT pg_catalog.set_config(w.name, w.value, false) FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_error_statement', 'panic')) w(name, value)
            WHERE (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
        """;

    /// <summary>
    /// Reads a script to its end without running it, so that an invalid script is rejected before any statement runs.
    /// </summary>
    /// <exception cref="ProblemException">The script has a command of psql, or is truncated.</exception>
    public static async Task CheckAsync(Stream script, string name, CancellationToken cancellation)
    {
        var reader = new ScriptReader(script);
        while (await ReadAsync(reader, name, cancellation) is not null)
        {
            // The script is read only to verify that it can be read.
        }
    }

    /// <summary>
    /// Runs a script. Errors of the <paramref name="harmless"/> kind are returned; the others become one problem, whose
    /// sentence begins with <paramref name="what"/>.
    /// </summary>
    /// <param name="database">The database in which the script runs.</param>
    /// <param name="encoding">The encoding of the script and of the database.</param>
    /// <param name="script">The text of the script.</param>
    /// <param name="name">The name of the script in the recovery point.</param>
    /// <param name="what">The beginning of a sentence.</param>
    /// <param name="harmless">Returns whether an error only says that an object exists already.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public async Task<IReadOnlyList<RefusedStatement>> RunAsync(
        string database, string encoding, Stream script, string name, string what, Func<RefusedStatement, bool> harmless, CancellationToken cancellation)
    {
        await using var session = await LoadSession.OpenAsync(connector, database, encoding, allowsViews: RunsCodeOfOthers, cancellation);
        try
        {
            return await RunAsync(session, new ScriptReader(script), name, what, harmless, cancellation);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, what, Catalogue.PostgresRestore);
        }
    }

    private async Task<IReadOnlyList<RefusedStatement>> RunAsync(
        LoadSession session, ScriptReader reader, string name, string what, Func<RefusedStatement, bool> harmless, CancellationToken cancellation)
    {
        List<RefusedStatement> passed = [], serious = [];
        var count = 0;
        if (IsSecret) await session.Connection.ExecuteAsync(Silence, cancellation);
        while (await ReadAsync(reader, name, cancellation) is { } statement)
        {
            if (Runs?.Invoke(statement.Text) == false) continue;
            if (Pass is { } pass && statement.Pass != pass && !LoadSession.IsOfSession(statement.Text)) continue;
            if (Guard is not null) await Guard.EnterAsync(session, statement, cancellation);
            if (Lent is not null) await Lent.LendAsync(session, statement, cancellation);
            if (await TryAsync(session, statement, cancellation) is { } refused) Sort(refused);
        }
        if (Lent is not null) await Lent.TakeBackAsync(session, cancellation);
        foreach (var statement in Ending)
            if (await TryAsync(session, new ScriptStatement(statement, 0), cancellation) is { } refused)
                Sort(refused);
        return count == 0 ? passed : throw Refused(what, serious, count);

        void Sort(RefusedStatement refused)
        {
            if (harmless(refused)) passed.Add(refused);
            else if (OnRefused is not null && Refusals.IsOfContent(refused.State)) OnRefused(refused);
            else if (count++ < Kept) serious.Add(refused);
        }
    }

    private async Task<RefusedStatement?> TryAsync(LoadSession session, ScriptStatement statement, CancellationToken cancellation)
    {
        try
        {
            if (statement.Refreshes) await session.RefreshAsync(statement.Text, cancellation);
            else if (RunsCodeOfOthers) await session.RunAsync(statement.Text, cancellation);
            else await session.RunAsItIsAsync(statement.Text, cancellation);
            return null;
        }
        catch (PostgresException refused) when (session.IsOpen || Refusals.IsOfContent(refused.SqlState))
        {
            if (!session.IsOpen)
            {
                await session.ReopenAsync(cancellation);
                if (IsSecret) await session.Connection.ExecuteAsync(Silence, cancellation);
            }
            var told = new RefusedStatement(statement.Line, statement.Text, refused, ByteText.Decode(PostgresProblem.Sentence(refused)));
            return await StaysOursAsync(session, told, cancellation) ? throw Ours(told) : told;
        }
    }

    /// <summary>
    /// Returns whether a rejected statement leaves an object that did not get its owner, and so keeps the rights of the
    /// superuser that created it, whatever it runs later. There is no such object when the error is that the object,
    /// not its role, does not exist.
    /// </summary>
    private async Task<bool> StaysOursAsync(LoadSession session, RefusedStatement refused, CancellationToken cancellation)
    {
        if (!RunsCodeOfOthers || !session.IsSuper || ScriptStatement.OwnerOf(refused.Statement) is not { } owner) return false;
        return !_isMissing.Contains(refused.State)
            || !await session.Connection.ScalarAsync<bool>($"SELECT pg_catalog.to_regrole({Sql.Literal(owner)}) IS NOT NULL", cancellation);
    }

    private static ProblemException Ours(RefusedStatement refused) => Catalogue.PostgresRestore.Throwable(
        $"{refused.Beginning} at line {refused.Line} was refused, so the object would keep the rights of the superuser who restores: {refused}",
        "Put right what PostgreSQL refused, or restore with a user of PostgreSQL who is no superuser.");

    /// <summary>Returns the next statement; null at the end.</summary>
    /// <exception cref="ProblemException">The script has a command of psql, or is truncated.</exception>
    public static async Task<ScriptStatement?> ReadAsync(ScriptReader reader, string name, CancellationToken cancellation)
    {
        try
        {
            return await reader.NextAsync(cancellation);
        }
        catch (BackslashCommandException command)
        {
            throw Catalogue.PostgresScript.Throwable($"{name} has a command for psql in line {command.At}, which is no SQL: {ByteText.Decode(command.Command)}", command);
        }
        catch (InvalidDataException broken)
        {
            throw Catalogue.PostgresScript.Throwable($"{name} cannot be read: {broken.Message}.", broken);
        }
    }

    private static ProblemException Refused(string what, List<RefusedStatement> serious, int count)
    {
        var first = serious[0];
        var rest = string.Join("; ", serious.Skip(1).Take(Told - 1).Select(refused => $"line {refused.Line}: {refused}"));
        var more = count > 1 ? $" (and {count - 1} more: {rest}{(count > Told ? "; ..." : "")})" : "";
        var kind = PostgresProblem.KindOf(first.State, Catalogue.PostgresRestore);
        return kind.Throwable($"{what} at line {first.Line}: {first}{more}");
    }
}
