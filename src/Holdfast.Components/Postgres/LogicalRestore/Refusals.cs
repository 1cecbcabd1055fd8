using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// What PostgreSQL rejected of a dump while a restore kept going, and what is missing from the restored database. Only
/// errors in the dump itself are accepted: a server that is out of disk, memory or connections, or shuts down, rejects
/// anything. May be used from several threads.
/// </summary>
/// <param name="what">What is restored, as the subject of a sentence: <c>Database "shop"</c>.</param>
/// <param name="context">The step that restores it.</param>
internal sealed class Refusals(string what, StepContext context)
{
    /// <summary>The number of errors that are listed; of the others only the number is reported.</summary>
    private const int Listed = 200;

    /// <summary>in_failed_sql_transaction: the consequence of an error that is listed.</summary>
    private const string Consequence = "25P02";

    private readonly Lock _lock = new();
    private readonly List<string> _list = [];
    private int _count;

    /// <summary>The number of errors.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>
    /// Returns whether an error is caused by the statement, and not by the state of the server. Source: PostgreSQL's
    /// manual, appendix A.
    /// </summary>
    /// <param name="state">The SQLSTATE of the error.</param>
    public static bool IsOfContent(string state) =>
        state[..2] is not ("08" or "53" or "57" or "F0") && state is not ("58000" or "58030" or "55P03" or "XX001" or "XX002" or "28000" or "28P01");

    /// <summary>Adds a rejected statement of a script.</summary>
    public void Add(string script, RefusedStatement refused)
    {
        if (refused.State != Consequence) Add($"{refused.Beginning} ({script} line {refused.Line.ToString(CultureInfo.InvariantCulture)}): {refused}");
    }

    /// <summary>Adds an object that was rejected as a whole, such as the rows of a table.</summary>
    public void Add(string part, PostgresException refused) => Add($"{part}: {ByteText.Decode(PostgresProblem.Sentence(refused))}");

    /// <summary>Adds a sentence.</summary>
    public void Add(string sentence)
    {
        lock (_lock)
            if (_count++ < Listed) _list.Add(sentence);
        if (Count <= Listed) context.Note($"Refused: {sentence}");
    }

    /// <summary>
    /// Warns of the errors and adds them to what the restore lists at its end. Called before the database takes its
    /// name.
    /// </summary>
    public void Report(RestoreSession session)
    {
        if (Count == 0) return;
        context.Warn(Catalogue.PostgresLacking.With($"{what} is restored without {(Count == 1 ? "one part" : $"{Count} parts")} that PostgreSQL refused; they are listed at the end."));
        foreach (var sentence in _list) session.Lack($"{what}: {sentence}");
        if (Count > Listed) session.Lack($"{what}: and {Count - Listed} more.");
    }
}
