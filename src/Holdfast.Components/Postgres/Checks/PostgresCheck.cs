using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Npgsql;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>
/// Checks whether any session reads or writes a cluster. One connection runs the queries one after the other, so that
/// it does not see other connections of this program.
/// </summary>
internal sealed class PostgresCheck(PostgresConnector connector, TimeProvider clock) : ICheckSource
{
    /// <summary>The number of sessions, transactions and dumps that are listed by name.</summary>
    private const int Named = 5;

    /// <summary>
    /// The time between two reads of the write counters. What counts is the next XID, which advances at once; the
    /// counters of rows, which only show where, are updated up to a second late by busy servers (source:
    /// PGSTAT_MIN_INTERVAL of PostgreSQL 15, before it PGSTAT_STAT_INTERVAL), so that a shorter time would miss them.
    /// </summary>
    private static readonly TimeSpan _between = TimeSpan.FromMilliseconds(1500);

    private const string Stop = "Let them end it, or stop what they work on: 'holdfast platform stop'.";

    public string Name => $"postgres/{connector.Settings.Name}";

    public string Question => "reads and writes";

    public TimeSpan Waits => _between;

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var questions = new CheckQuestions(Name, cancellation);
        await questions.AskAsync("sessions", () => AskAsync(async () => JudgeSessions(await PostgresActivity.SessionsAsync(connection, cancellation))));
        await questions.AskAsync("writes", () => AskAsync(() => CompareAsync(connection, cancellation)));
        await questions.AskAsync("prepared transactions", () => AskAsync(async () => JudgePrepared(await PostgresActivity.PreparedAsync(connection, cancellation))));
        await questions.AskAsync("backups", () => AskAsync(async () => JudgeBackups(await PostgresActivity.BackupsAsync(connection, cancellation))));
        foreach (var question in connector.Settings.Questions) await questions.AskAsync(question.Name, () => AskAsync(() => JudgeAsync(question, cancellation)));
        return questions.Lines;
    }

    private CheckLine JudgeSessions(IReadOnlyList<PostgresSession> sessions)
    {
        if (sessions.Count == 0) return Line("sessions", CheckState.Pass, "none but ours");
        var busy = sessions.Where(session => session.IsBusy).ToList();
        if (busy.Count > 0) return Line("sessions", CheckState.Fail, $"{busy.Count} at work: {List(busy.Select(session => session.Describe()))}", Stop);
        return sessions.Any(session => session.IsHidden)
            ? Line("sessions", CheckState.Unknown, $"the user \"{connector.Settings.User}\" may not see what {sessions.Count(session => session.IsHidden)} others do", "GRANT pg_read_all_stats to it, or use a superuser; 'track_activities' must be on.")
            : Line("sessions", CheckState.Warn, $"{sessions.Count} idle: {List(sessions.GroupBy(session => session.Owner, StringComparer.Ordinal).Select(group => group.Count() == 1 ? group.Key : $"{group.Key} ({group.Count()})"))}", "They may begin to work at any time; what holds them open stops with 'holdfast platform stop'.");
    }

    private async Task<CheckLine> CompareAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var before = await PostgresActivity.CountersAsync(connection, cancellation);
        await Task.Delay(_between, clock, cancellation);
        var after = await PostgresActivity.CountersAsync(connection, cancellation);
        var transactions = after.NextTransaction - before.NextTransaction;
        var rows = after.Rows.Select(now => (Database: now.Key, Count: now.Value - before.Rows.GetValueOrDefault(now.Key, now.Value))).Where(moved => moved.Count != 0).ToList();
        if (transactions == 0 && rows.Count == 0) return Line("writes", CheckState.Pass, $"none within {_between.TotalSeconds:0.0} s");
        var where = rows.Count == 0 ? "" : $", rows of {List(rows.Select(moved => $"{moved.Database} ({moved.Count})"))}";
        var found = $"{transactions} transaction{(transactions == 1 ? "" : "s")} within {_between.TotalSeconds:0.0} s{where}";
        return after.IsCleaning && !after.HasClients && !before.HasClients
            ? Line("writes", CheckState.Warn, $"{found}, by the server's own autovacuum", "Nothing needs to be done: it changes no data.")
            : Line("writes", CheckState.Fail, found, Stop);
    }

    private CheckLine JudgePrepared(IReadOnlyList<string> prepared) => prepared.Count == 0
        ? Line("prepared transactions", CheckState.Pass, "none")
        : Line("prepared transactions", CheckState.Fail, $"{prepared.Count}: {List(prepared)}", "Whoever prepared them must end them: COMMIT PREPARED or ROLLBACK PREPARED, see pg_prepared_xacts.");

    private CheckLine JudgeBackups(IReadOnlyList<string> backups) => backups.Count == 0
        ? Line("backups", CheckState.Pass, "no other runs")
        : Line("backups", CheckState.Fail, List(backups), "Wait until it has ended: two at once slow each other down, and hold back the same cleaning.");

    private async Task<CheckLine> JudgeAsync(PostgresQuestion question, CancellationToken cancellation)
    {
        // A query is cancelled before the whole check would exceed its time limit.
        var answer = await new PlatformStatement(connector, question.Database).QueryAsync(question.Sql, cancellation, most: 1, timeout: "5s");
        var value = PostgresActivity.Judge(answer.Rows is [[var first, ..], ..] ? first ?? "" : "");
        return value is null ? Line(question.Name, CheckState.Pass, "none") : Line(question.Name, CheckState.Fail, $"the answer is {value}", "See the question in 'questions' of the cluster in the profile.");
    }

    private CheckLine Line(string question, CheckState state, string found, string? hint = null) => new(Name, question, state, found) { Hint = hint };

    private static string List(IEnumerable<string> items) => Quantity.List(items, Named);

    private async Task<CheckLine> AskAsync(Func<Task<CheckLine>> answer)
    {
        try
        {
            return await answer();
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"Asking {connector.Place} failed", Catalogue.CheckFailed);
        }
    }
}
