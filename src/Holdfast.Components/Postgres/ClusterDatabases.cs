using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres;

/// <summary>The databases of a cluster that are captured, and why others are not.</summary>
internal sealed record ClusterDatabases(IReadOnlyList<DatabaseListing> Chosen, IReadOnlyList<string> Passed, int ServerVersion)
{
    public static async Task<ClusterDatabases> ReadAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        try
        {
            var all = await DatabaseListing.ReadAsync(connection, cancellation);
            return Choose(connector.Settings, all, await connection.VersionAsync(cancellation));
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The databases of {connector.Place} could not be listed");
        }
    }

    private static ClusterDatabases Choose(PostgresSettings settings, IReadOnlyList<DatabaseListing> all, int version)
    {
        RequireNamed(settings, all);
        var wanted = all.Where(database => settings.Databases?.Contains(database.Name, StringComparer.Ordinal)
            ?? (!database.IsTemplate && !settings.Exclude.Contains(database.Name, StringComparer.Ordinal))).ToList();
        var passed = wanted.Where(database => !database.AllowsConnections)
            .Select(database => $"The database \"{database.Name}\" allows no connections, so it is not dumped.");
        return new ClusterDatabases([.. wanted.Where(database => database.AllowsConnections)], [.. passed], version);
    }

    private static void RequireNamed(PostgresSettings settings, IReadOnlyList<DatabaseListing> all)
    {
        var missing = (settings.Databases ?? []).Except(all.Select(database => database.Name), StringComparer.Ordinal).ToList();
        if (missing.Count == 0) return;
        var names = string.Join(", ", missing.Select(name => $"\"{name}\""));
        throw Catalogue.PostgresDatabaseMissing.Throwable($"The cluster {settings.Name} has no database {names}.");
    }
}
