using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// What uses the databases that a restore replaces: prepared transactions prevent the exchange, and other users would
/// continue with the old database.
/// </summary>
internal sealed class ReplacedDatabases
{
    private const string Prepared = "SELECT database, gid FROM pg_catalog.pg_prepared_xacts ORDER BY prepared";
    private const string Slots = "SELECT database, slot_name FROM pg_catalog.pg_replication_slots WHERE database IS NOT NULL ORDER BY slot_name";
    private const string Subscriptions = "SELECT d.datname, s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid ORDER BY s.subname";

    private readonly ILookup<string, string> _slots, _subscriptions;

    private ReplacedDatabases(ILookup<string, string> slots, ILookup<string, string> subscriptions) => (_slots, _subscriptions) = (slots, subscriptions);

    /// <exception cref="ProblemException">A prepared transaction prevents the renaming of a database.</exception>
    public static async Task<ReplacedDatabases> FindAsync(NpgsqlConnection connection, IReadOnlySet<string> replaced, CancellationToken cancellation)
    {
        if (replaced.Count == 0) return new ReplacedDatabases(Of([]), Of([]));
        var prepared = (await connection.RowsAsync(Prepared, row => row, cancellation)).Where(row => replaced.Contains(row[0])).ToList();
        if (prepared is [var first, ..])
            throw Catalogue.PostgresHeld.Throwable(
                $"The database \"{first[0]}\", which is to be replaced, has {(prepared.Count == 1 ? "a prepared transaction" : $"{prepared.Count} prepared transactions")}: {string.Join(", ", prepared.Take(5).Select(row => $"'{row[1]}'"))}.");
        var maySee = await connection.ScalarAsync<bool>("SELECT pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'subname', 'SELECT')", cancellation);
        return new ReplacedDatabases(
            Of(await connection.RowsAsync(Slots, row => row, cancellation)), Of(maySee ? await connection.RowsAsync(Subscriptions, row => row, cancellation) : []));
    }

    /// <summary>Returns sentences for the plan, each with a leading space.</summary>
    public string Describe(string database)
    {
        var slots = string.Join(", ", _slots[database]);
        var subscriptions = string.Join(", ", _subscriptions[database]);
        return (slots.Length > 0 ? $" Its replication slots stay with the old one and must be made again: {slots}." : "")
            + (subscriptions.Length > 0 ? $" Its subscriptions go on writing into the old one until they are disabled: {subscriptions}." : "");
    }

    private static ILookup<string, string> Of(IEnumerable<string[]> rows) => rows.ToLookup(row => row[0], row => row[1], StringComparer.Ordinal);
}
