using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// Logical replication slots. Only the server knows what their consumers have received, so neither a dump nor a base
/// backup can contain them. Source: PostgreSQL's manual, 49.2.2, "Replication Slots".
/// </summary>
internal static class LogicalSlots
{
    private static readonly string _question = $"""
        SELECT slot_name, coalesce(plugin, ''), {SharedName.Ask("coalesce(database, '')")} FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary ORDER BY slot_name
        """;

    /// <summary>Lists each slot with its plugin and database: "debezium (pgoutput, database shop)".</summary>
    public static Task<IReadOnlyList<string>> FindAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.RowsAsync(_question, row => $"{row[0]} ({row[1]}, database {SharedName.Show(row[2])})", cancellation);

    /// <summary>Warns of the slots that a server has, and adds them to the details of the recovery point.</summary>
    /// <exception cref="ProblemException">The server does not respond.</exception>
    public static async Task ReportAsync(PostgresConnector connector, ComponentRecord? record, StepContext context, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await connector.OpenMaintenanceAsync(cancellation);
            var slots = await FindAsync(connection, cancellation);
            Warn(connector.Settings.Name, slots, context);
            record?.Details?["leftOut"] = LeftOut(slots);
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, $"Asking {connector.Place} for its replication slots failed");
        }
    }

    public static void Warn(string cluster, IReadOnlyList<string> slots, StepContext context)
    {
        if (slots.Count > 0) context.Warn(Catalogue.PostgresLogicalSlots.With($"The logical replication slots of {cluster} are not in the recovery point: {string.Join("; ", slots)}."));
    }

    /// <summary>The entries for the slots in the details of a recovery point.</summary>
    public static JsonArray LeftOut(IReadOnlyList<string> slots) => [.. slots.Select(slot => (JsonNode)$"logical replication slot {slot}")];
}
