using System.Collections.Frozen;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>A statement of a script that the server refused.</summary>
/// <param name="Line">Where it begins.</param>
/// <param name="Statement">Its text; each character is a byte. A password may be in it.</param>
/// <param name="Why">The server's answer.</param>
/// <param name="Reason">The answer as a sentence.</param>
internal sealed record RefusedStatement(int Line, string Statement, PostgresException Why, string Reason)
{
    /// <summary>Its first words, without any value: a password may be among them.</summary>
    public string Beginning => ScriptStatement.BeginningOf(Statement);

    public string State => Why.SqlState;

    public override string ToString() => Reason;
}

/// <summary>
/// Runs a script of a dump, one statement after the other over the wire: there is no program in between that has a language of its own, and
/// what became of each statement is known by its SQLSTATE.
/// </summary>
internal sealed class StatementScript(PostgresConnector connector)
{
    /// <summary>Refused statements that are told in full.</summary>
    private const int Told = 5;

    /// <summary>Refused statements that are kept; of the others only their number is.</summary>
    private const int Kept = 200;

    /// <summary>Set for a database whose script has secrets: the server's log gets none of its statements, where we may say so.</summary>
    public bool IsSecret { get; init; }

    /// <summary>
    /// Set for scripts whose statements may run functions of others, with what they create or have created before: each statement is a
    /// transaction of its own in a session that is reset after it.
    /// </summary>
    public bool RunsCodeOfOthers { get; init; }

    /// <summary>Set with <see cref="RunsCodeOfOthers"/>: as whom that code runs.</summary>
    public LoadGuard? Guard { get; init; }

    /// <summary>Whether a statement is run, by its text; all are by default.</summary>
    public Func<string, bool>? Runs { get; init; }

    /// <summary>Set for scripts that give objects to their owners: lends the rights that this needs.</summary>
    public LentSchemas? Lent { get; init; }

    /// <summary>The statements that are run; null for all. Those that change a setting are run in each pass.</summary>
    public ScriptPass? Pass { get; init; }

    /// <summary>Called with what was refused and is neither harmless nor the end: set when a restore keeps going.</summary>
    public Action<RefusedStatement>? OnRefused { get; init; }

    /// <summary>Statements run after those of the script, in the same session.</summary>
    public IReadOnlyList<string> Ending { get; init; } = [];

    private static readonly FrozenSet<string> _isMissing = new[]
    {
        PostgresErrorCodes.UndefinedTable, PostgresErrorCodes.UndefinedFunction, PostgresErrorCodes.UndefinedObject, PostgresErrorCodes.InvalidSchemaName,
    }.ToFrozenSet(StringComparer.Ordinal);

    private const string Silence = """
        SELECT pg_catalog.set_config(w.name, w.value, false) FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_error_statement', 'panic')) w(name, value)
            WHERE (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
        """;

    /// <summary>Reads a script to its end and runs nothing: so what can not be run is refused before anything is.</summary>
    /// <exception cref="ProblemException">It has a command of psql, or ends too early.</exception>
    public static async Task CheckAsync(Stream script, string name, CancellationToken cancellation)
    {
        var reader = new ScriptReader(script);
        while (await ReadAsync(reader, name, cancellation) is not null)
        {
            // Only whether it can be read is asked.
        }
    }

    /// <summary>
    /// The refusals of the <paramref name="harmless"/> kind are returned; the others become one problem, whose sentence begins with <paramref name="what"/>.
    /// </summary>
    /// <param name="database">Where it is run.</param>
    /// <param name="encoding">That of the script and of the database.</param>
    /// <param name="script">Its text.</param>
    /// <param name="name">What it is called in the recovery point.</param>
    /// <param name="what">The beginning of a sentence.</param>
    /// <param name="harmless">Whether a refusal says only that something is there already.</param>
    /// <param name="cancellation">Ends it.</param>
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
    /// Whether an object exists that did not get its owner, and so has the rights of the superuser that made it, whatever it runs later. There is none where an
    /// object that does not exist was refused, and not its role.
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

    /// <summary>The next statement; null at the end.</summary>
    /// <exception cref="ProblemException">It has a command of psql, or ends too early.</exception>
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
