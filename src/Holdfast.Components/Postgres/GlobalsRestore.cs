using Holdfast.Engine.Running;

namespace Holdfast.Components.Postgres;

/// <summary>Brings roles and tablespaces back. What is there already stays, and gets the attributes that were recorded.</summary>
internal sealed class GlobalsRestore(PostgresConnector connector, IDumpSource source, StepContext context)
{
    /// <summary>duplicate_object: a role or tablespace of this name exists.</summary>
    private const string Duplicate = "42710";

    public async Task RunAsync(CancellationToken cancellation)
    {
        var file = $"{DumpPath.Dump(connector.Settings.Name)}/{DumpPath.Globals}";
        await using (var checking = await source.OpenAsync(file, cancellation)) await StatementScript.CheckAsync(checking, DumpPath.Globals, cancellation);
        await using var script = await source.OpenAsync(file, cancellation);
        var globals = new StatementScript(connector) { IsSecret = true, Ending = await KeepOwnPasswordAsync(cancellation) };
        var harmless = await globals.RunAsync(
            connector.Settings.Maintenance, "UTF8", script, DumpPath.Globals, "Roles and tablespaces could not be restored", error => error.State == Duplicate, cancellation);
        foreach (var error in harmless)
            context.Note($"Kept what is there: {error}");
    }

    /// <summary>
    /// The role that we are signed in as keeps its password, or the rest of the restore would be locked out. The hash goes
    /// through the session that runs the script, and nowhere else.
    /// </summary>
    private async Task<IReadOnlyList<string>> KeepOwnPasswordAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var own = await connection.ScalarAsync<string>(
            "SELECT format('ALTER ROLE %I PASSWORD %L', rolname, rolpassword) FROM pg_catalog.pg_authid WHERE rolname = current_user", cancellation);
        return own is null ? [] : [own];
    }
}
