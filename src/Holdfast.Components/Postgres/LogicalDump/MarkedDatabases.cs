using Holdfast.Components.Postgres.Connection;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// The snapshots of the databases of a cluster. As many as the server can hold open are taken together in one step
/// before the first dump: so they are moments apart, however long the dumps take. A dump takes its snapshot out; the
/// session of the run closes the others.
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

    /// <summary>The number of open snapshots.</summary>
    public int Count => _snapshots.Count;

    /// <summary>The number of locks that the snapshots hold together.</summary>
    public long Locks => _snapshots.Values.Sum(snapshot => snapshot.Locks);

    /// <summary>The snapshot with the most locks; null when none is open.</summary>
    public DatabaseSnapshot? Largest => _snapshots.Values.MaxBy(snapshot => snapshot.Locks);

    /// <summary>Removes and returns the snapshot of a database; null when it was not taken yet.</summary>
    public DatabaseSnapshot? TryTake(string database) => _snapshots.Remove(database, out var snapshot) ? snapshot : null;
}
