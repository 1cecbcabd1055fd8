using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// What PostgreSQL refused of a dump while a restore kept going, and goes without. Only what the dump itself is refused for is taken: a server that is out
/// of disk, memory or connections, or shuts down, refuses anything. May be used from several threads.
/// </summary>
/// <param name="what">What is restored, as the subject of a sentence: <c>Database "shop"</c>.</param>
/// <param name="context">The step that restores it.</param>
internal sealed class Refusals(string what, StepContext context)
{
    /// <summary>Refusals that are listed; of the others only their number is.</summary>
    private const int Listed = 200;

    /// <summary>in_failed_sql_transaction: the consequence of a refusal that is listed.</summary>
    private const string Consequence = "25P02";

    private readonly Lock _lock = new();
    private readonly List<string> _list = [];
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>Whether a refusal is for what was asked, and not for the state of the server. Source: PostgreSQL's manual, appendix A.</summary>
    /// <param name="state">Its SQLSTATE.</param>
    public static bool IsOfContent(string state) =>
        state[..2] is not ("08" or "53" or "57" or "F0") && state is not ("58000" or "58030" or "55P03" or "XX001" or "XX002" or "28000" or "28P01");

    /// <summary>Adds a refused statement of a script.</summary>
    public void Add(string script, RefusedStatement refused)
    {
        if (refused.State != Consequence) Add($"{refused.Beginning} ({script} line {refused.Line.ToString(CultureInfo.InvariantCulture)}): {refused}");
    }

    /// <summary>Adds something that was refused as a whole: the rows of a table, say.</summary>
    public void Add(string part, PostgresException refused) => Add($"{part}: {ByteText.Decode(PostgresProblem.Sentence(refused))}");

    /// <summary>Adds a sentence.</summary>
    public void Add(string sentence)
    {
        lock (_lock)
            if (_count++ < Listed) _list.Add(sentence);
        if (Count <= Listed) context.Note($"Refused: {sentence}");
    }

    /// <summary>Warns of them and adds them to what the restore lists at its end. Called before the database takes its name.</summary>
    public void Report(RestoreSession session)
    {
        if (Count == 0) return;
        context.Warn(Catalogue.PostgresLacking.With($"{what} is restored without {(Count == 1 ? "one part" : $"{Count} parts")} that PostgreSQL refused; they are listed at the end."));
        foreach (var sentence in _list) session.Lack($"{what}: {sentence}");
        if (Count > Listed) session.Lack($"{what}: and {Count - Listed} more.");
    }
}
