using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres;

/// <summary>Puts roles, their memberships and settings, and tablespaces into a recovery point.</summary>
internal sealed class GlobalsDump(PostgresConnector connector, PostgresPrograms programs, SnapshotWriter writer)
{
    /// <summary>False when we may not read the passwords of roles: then they are left out.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        var passwords = await MayReadPasswordsAsync(cancellation);
        List<string> arguments = ["--globals-only", "--no-password", $"--database={connector.Settings.Maintenance}"];
        if (!passwords) arguments.Add("--no-role-passwords");
        var call = await connector.CallAsync(programs.DumpAll, arguments, connector.Settings.Maintenance, cancellation);
        await using var program = programs.Host.Start(call);
        program.Input.Close();
        await using var output = new FenceFilter(new ProgramOutput(program, "pg_dumpall"));
        await writer.AddStreamAsync($"{DumpPath.Dump(connector.Settings.Name)}/{DumpPath.Globals}", output, cancellation: cancellation);
        return passwords;
    }

    private async Task<bool> MayReadPasswordsAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        return await connection.ScalarAsync<bool>("SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')", cancellation);
    }
}
