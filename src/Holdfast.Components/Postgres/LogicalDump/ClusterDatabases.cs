using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>The databases of a cluster that are captured, and why others are not.</summary>
internal sealed record ClusterDatabases(IReadOnlyList<DatabaseListing> Chosen, IReadOnlyList<Problem> Passed, int ServerVersion, SnapshotRoom Room)
{
    /// <summary>Databases that restores have moved aside: they are captured only when the profile names them.</summary>
    public IReadOnlyList<string> Aside { get; private init; } = [];

    public static async Task<ClusterDatabases> ReadAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        try
        {
            var all = await DatabaseListing.ReadAsync(connection, cancellation);
            var isUsed = all.Any(IsTemplate1) && await HasContentAsync(connector, cancellation);
            var room = await SnapshotRoom.AskAsync(connection, connector.Settings.Workers, cancellation);
            return Choose(connector.Settings, all, isUsed, await connection.VersionAsync(cancellation), room);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The databases of {connector.Place} could not be listed");
        }
    }

    private static ClusterDatabases Choose(PostgresSettings settings, IReadOnlyList<DatabaseListing> all, bool isTemplate1Used, int version, SnapshotRoom room)
    {
        RequireNamed(settings, all);
        var wanted = all.Where(database => settings.Databases?.Contains(database.Name, StringComparer.Ordinal)
            ?? (IsMeant(database) && !settings.Exclude.Contains(database.Name, StringComparer.Ordinal))).ToList();
        var passed = wanted.Where(database => !database.CanBeDumped).Select(database => database.IsUnnamed
            ? Catalogue.PostgresName.With($"The database \"{database.Name}\" has a name that is not UTF-8, so it is not dumped.")
            : database.IsInvalid ? Catalogue.PostgresInvalid.With($"The database \"{database.Name}\" is invalid, so it is not dumped.")
            : Catalogue.PostgresClosed.With($"The database \"{database.Name}\" allows no connections, so it is not dumped."));
        return new ClusterDatabases([.. wanted.Where(database => database.CanBeDumped)], [.. passed], version, room)
        {
            Aside = settings.Databases is null ? [.. all.Select(database => database.Name).Where(name => MovedAside.IsDatabase(name)).Except(settings.Exclude, StringComparer.Ordinal)] : [],
        };

        bool IsMeant(DatabaseListing database) => database.Name != "template0" && !MovedAside.IsDatabase(database.Name) && (!IsTemplate1(database) || isTemplate1Used);
    }

    private static bool IsTemplate1(DatabaseListing database) => database is { Name: "template1", CanBeDumped: true };

    /// <summary>
    /// Returns whether template1 holds objects, which every new database then gets. Unchanged since initdb, it holds
    /// nothing to dump.
    /// </summary>
    private static async Task<bool> HasContentAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await connector.OpenAsync("template1", cancellation);
            return await connection.ScalarAsync<bool>(Content, cancellation);
        }
        catch (Exception failure) when (DatabaseFailure.MayBe(failure) && !cancellation.IsCancellationRequested)
        {
            // template1 is then captured, and the reason why it cannot be opened is reported as for any database.
            return true;
        }
    }

    /// <summary>
    /// Query for objects created after initdb, whose OIDs begin at 16384. Source: FirstNormalObjectId in PostgreSQL's
    /// transam.h.
    /// </summary>
    private const string Content = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace)
            OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_extension WHERE oid >= 16384) OR EXISTS (SELECT FROM pg_catalog.pg_default_acl)
            OR EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_')
            OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger) OR EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
            OR EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase WHERE d.datname = 'template1')
        """;

    private static void RequireNamed(PostgresSettings settings, IReadOnlyList<DatabaseListing> all)
    {
        var missing = (settings.Databases ?? []).Except(all.Select(database => database.Name), StringComparer.Ordinal).ToList();
        if (missing.Count == 0) return;
        var names = string.Join(", ", missing.Select(name => $"\"{name}\""));
        throw Catalogue.PostgresDatabaseMissing.Throwable($"The cluster {settings.Name} has no database {names}.");
    }
}
