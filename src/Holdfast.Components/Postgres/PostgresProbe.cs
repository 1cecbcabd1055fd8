using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres;

/// <summary>Tests what a backup of a cluster needs, and reports all problems at once.</summary>
internal sealed class PostgresProbe(PostgresConnector connector, IHost host)
{
    private const string MayReadAll = """
        SELECT rolsuper OR EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'pg_read_all_data' AND pg_catalog.pg_has_role(r.oid, 'USAGE'))
            FROM pg_catalog.pg_roles WHERE rolname = current_user
        """;

    private readonly List<Problem> _problems = [];

    public async Task<IReadOnlyList<Problem>> RunAsync(CancellationToken cancellation)
    {
        if (connector.Settings.Method != PostgresMethod.Dump)
        {
            await TryAsync(() => CheckFilesAsync(cancellation));
            return _problems;
        }
        var version = 0;
        await TryAsync(async () => version = (await ClusterDatabases.ReadAsync(connector, cancellation)).ServerVersion);
        await TryAsync(async () => (await PostgresPrograms.FindAsync(host, version, cancellation)).Check(version));
        if (version > 0) await TryAsync(() => CheckRightsAsync(cancellation));
        return _problems;
    }

    private async Task CheckRightsAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        if (!await connection.ScalarAsync<bool>(MayReadAll, cancellation))
            _problems.Add(Catalogue.PostgresPermission.With($"The user \"{connector.Settings.User}\" may not read every table of {connector.Settings.Name}."));
        foreach (var database in (await ClusterDatabases.ReadAsync(connector, cancellation)).Chosen)
            await CheckDatabaseAsync(database.Name, cancellation);
    }

    private async Task CheckDatabaseAsync(string database, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenAsync(database, cancellation);
        foreach (var unread in await UnreadableObjects.FindAsync(connection, cancellation))
            _problems.Add(Catalogue.PostgresUnreadable.With($"The user \"{connector.Settings.User}\" may not read {unread} of database \"{database}\"."));
    }

    /// <summary>
    /// Tests what copies of files need: where the server has its files, and that they are on this machine and readable.
    /// </summary>
    private async Task CheckFilesAsync(CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var facts = await ClusterFacts.AskAsync(connector, connection, cancellation);
        facts.RefuseInnerTablespaces(connector.Settings.Name);
        if (connector.Settings.Method == PostgresMethod.Base) BaseCapture.Check(connector.Settings.Name, facts);
        else ClusterFiles.Check(connector.Settings.Name, facts);
    }

    private async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (ProblemException problem)
        {
            _problems.Add(problem.Problem);
        }
    }
}
