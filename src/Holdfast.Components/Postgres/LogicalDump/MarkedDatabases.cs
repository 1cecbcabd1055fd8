using Holdfast.Components.Postgres.Connection;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// The snapshots of the databases of a cluster, of all that the server can hold open taken together in one step before the first one is dumped: so they are
/// moments apart, however long the dumps take. A dump takes its snapshot out; the session of the run lets go of what is left.
/// </summary>
internal sealed class MarkedDatabases
{
    private readonly Dictionary<string, DatabaseSnapshot> _snapshots = new(StringComparer.Ordinal);

    public async Task<DatabaseSnapshot> MarkAsync(
        PostgresConnector connector, DatabaseListing database, MarkLimits limits, TimeProvider clock, CancellationToken cancellation)
    {
        var snapshot = await DatabaseSnapshot.TakeAsync(connector, database, limits, clock, cancellation);
        _snapshots.Add(database.Name, snapshot);
        return snapshot;
    }

    /// <summary>How many are held.</summary>
    public int Count => _snapshots.Count;

    /// <summary>Locks that they hold, all together.</summary>
    public long Locks => _snapshots.Values.Sum(snapshot => snapshot.Locks);

    /// <summary>The one with the most locks; null when none is held.</summary>
    public DatabaseSnapshot? Largest => _snapshots.Values.MaxBy(snapshot => snapshot.Locks);

    /// <summary>Null when it was not taken yet.</summary>
    public DatabaseSnapshot? TryTake(string database) => _snapshots.Remove(database, out var snapshot) ? snapshot : null;
}
