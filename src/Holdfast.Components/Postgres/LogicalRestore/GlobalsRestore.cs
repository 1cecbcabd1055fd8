using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Restores roles and tablespaces. Existing ones are kept: in a restore of the whole cluster they get the recorded
/// attributes.
/// </summary>
/// <param name="connector">The cluster.</param>
/// <param name="source">The recovery point.</param>
/// <param name="session">The restore.</param>
/// <param name="databases">The databases that are restored next.</param>
/// <param name="choice">Selects the statements that are run.</param>
/// <param name="folders">The folders that tablespaces need.</param>
/// <param name="context">The context of the step.</param>
internal sealed class GlobalsRestore(
    PostgresConnector connector, DumpSource source, RestoreSession session, IReadOnlyList<DatabaseContents> databases,
    GlobalsChoice choice, TablespaceFolders folders, StepContext context)
{
    /// <summary>duplicate_object: a role or tablespace of this name exists.</summary>
    private const string Duplicate = "42710";

    private readonly HashSet<string> _left = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        folders.Make();
        var refusals = session.Recovery.KeepGoing ? new Refusals("Roles and tablespaces", context) : null;
        var file = $"{DumpPath.Dump(connector.Settings.Name)}/{DumpPath.Globals}";
        await using (var checking = await source.OpenAsync(file, cancellation)) await StatementScript.CheckAsync(checking, DumpPath.Globals, cancellation);
        await using var script = await source.OpenAsync(file, cancellation);
        var globals = new StatementScript(connector) { IsSecret = true, Runs = choice.Runs, Ending = await KeepOwnPasswordAsync(cancellation), OnRefused = refusals is null ? null : refused => refusals.Add(DumpPath.Globals, refused) };
        var grants = new RefusedGrants(connector, context);
        var harmless = await globals.RunAsync(
            connector.Settings.Maintenance, "UTF8", script, DumpPath.Globals, "Roles and tablespaces could not be restored", error => error.State == Duplicate || IsLeft(error) || grants.Takes(error), cancellation);
        var passed = harmless.Where(error => !grants.Has(error)).ToList();
        await GrantAsync(grants, cancellation);
        foreach (var note in choice.Notes()) context.Note(note);
        foreach (var error in passed.Where(error => error.State != Duplicate)) context.Note($"Left out: {error}");
        foreach (var tablespace in _left) TellLeft(tablespace);
        refusals?.Report(session);
    }

    private static async Task GrantAsync(RefusedGrants grants, CancellationToken cancellation)
    {
        try
        {
            await grants.RunAsync(cancellation);
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, "Memberships of roles could not be restored", Catalogue.PostgresRestore);
        }
    }

    /// <summary>
    /// Returns whether a refused statement creates a tablespace that no restored database needs, or fails because such
    /// a tablespace is missing.
    /// </summary>
    private bool IsLeft(RefusedStatement refused)
    {
        if (TablespaceScript.Parse(refused.Statement) is { } made)
        {
            if (databases.Any(database => TablespaceFolders.Uses(database, made.Name))) return false;
            _left.Add(made.Name);
            return true;
        }
        return refused.State == PostgresErrorCodes.UndefinedObject && _left.Any(name => refused.Beginning.Contains($"TABLESPACE {name}", StringComparison.Ordinal) || refused.Beginning.Contains($"TABLESPACE {Sql.Identifier(name)}", StringComparison.Ordinal));
    }

    /// <summary>
    /// Reports a tablespace that was left out: only a note when a part of the databases was requested, otherwise a
    /// warning.
    /// </summary>
    private void TellLeft(string tablespace)
    {
        var left = $"Tablespace \"{tablespace}\" could not be made; no database that is restored uses it.";
        if (session.IsLimited($"postgres/{connector.Settings.Name}")) context.Note(left);
        else context.Warn(Catalogue.PostgresNoTablespace.With(left));
    }

    /// <summary>
    /// Returns statements that keep the password of the connected role, without which the rest of the restore could not
    /// connect. The hash is sent only through the session that runs the script.
    /// </summary>
    private async Task<IReadOnlyList<string>> KeepOwnPasswordAsync(CancellationToken cancellation)
    {
        if (!choice.IsWhole) return [];
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var own = await connection.ScalarAsync<string>(
            "SELECT format('ALTER ROLE %I PASSWORD %L', rolname, rolpassword) FROM pg_catalog.pg_authid WHERE rolname = current_user", cancellation);
        return own is null ? [] : [own];
    }
}
