using System.Text;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>Captures roles, their memberships and settings, and tablespaces into a recovery point.</summary>
internal sealed class GlobalsDump(PostgresConnector connector, PostgresPrograms programs, SnapshotWriter writer)
{
    /// <summary>Dumps roles and tablespaces.</summary>
    /// <returns>
    /// Whether the passwords of roles are included, which not every user may read; and the objects that were left out
    /// because their names are not UTF-8.
    /// </returns>
    public async Task<(bool HasPasswords, IReadOnlyList<string> Unnamed)> RunAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var passwords = await connection.ScalarAsync<bool>("SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')", cancellation);
        var unnamed = await GlobalsScript.FindUnnamedAsync(connection, cancellation);
        if (unnamed.Count > 0) await WriteAsync(await GlobalsScript.WriteAsync(connection, passwords, cancellation), cancellation);
        else await DumpAsync(passwords, cancellation);
        return (passwords, unnamed);
    }

    private string Place => $"{DumpPath.Dump(connector.Settings.Name)}/{DumpPath.Globals}";

    private async Task WriteAsync(string script, CancellationToken cancellation)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(script));
        await writer.AddStreamAsync(Place, content, cancellation: cancellation);
    }

    private async Task DumpAsync(bool passwords, CancellationToken cancellation)
    {
        List<string> arguments = ["--globals-only", "--no-password", $"--database={connector.Settings.Maintenance}"];
        if (!passwords) arguments.Add("--no-role-passwords");
        var call = await connector.CallAsync(programs.DumpAll, arguments, connector.Settings.Maintenance, cancellation);
        await using var program = programs.Host.Start(call);
        program.Input.Close();
        await using var output = new FenceFilter(new ProgramOutput(program, "pg_dumpall"));
        await writer.AddStreamAsync(Place, output, cancellation: cancellation);
    }
}
