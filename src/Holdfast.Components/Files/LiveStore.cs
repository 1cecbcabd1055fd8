using Holdfast.Components.Files.Paths;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Files;

/// <summary>
/// The data of a database, or of a similar store, that has no component of its own: it may be captured as files while
/// no process has it open, but a copy that was taken while it is written is not usable. Recognised by names only, and
/// by the first bytes of a SQLite database.
/// </summary>
/// <param name="Path">The folder, or the file of a SQLite database.</param>
/// <param name="Database">The database system: "MongoDB".</param>
internal sealed record LiveStore(string Path, string Database)
{
    // Source: https://sqlite.org/fileformat.html, "Magic Header String".
    private static readonly byte[] _sqliteMagic = "SQLite format 3\0"u8.ToArray();

    private static readonly string[] _sqliteBeside = ["-wal", "-shm", "-journal"];

    // The names in a folder of each; all of a line must exist. Names ending in * are prefixes.
    private static readonly (string Database, string[] Names)[] _signs =
    [
        ("MongoDB", ["WiredTiger", "WiredTiger.wt"]),
        ("MongoDB", ["WiredTiger", "WiredTiger.turtle"]),
        ("MongoDB", ["mongod.lock"]),
        ("MySQL or MariaDB", ["ibdata1"]),
        ("MySQL or MariaDB", ["mysql.ibd"]),
        ("MySQL or MariaDB", ["aria_log_control"]),
        ("RabbitMQ", ["schema.DAT"]),
        ("RabbitMQ", ["rabbit_serial"]),
        ("RabbitMQ", ["nodes_running_at_shutdown", "cluster_nodes.config"]),
        ("RabbitMQ", ["msg_stores"]),
        ("Redis", ["dump.rdb"]),
        ("Redis", ["appendonlydir"]),
        ("Redis", ["appendonly.aof"]),
        ("LMDB (OpenLDAP and others)", ["data.mdb", "lock.mdb"]),
        ("Berkeley DB", ["__db.001"]),
        ("RocksDB or LevelDB", ["CURRENT", "MANIFEST-*"]),
        ("Kafka", ["recovery-point-offset-checkpoint"]),
        ("ZooKeeper", ["acceptedEpoch", "currentEpoch"]),
        ("Cassandra", ["commitlog", "data", "saved_caches"]),
        ("ClickHouse", ["store", "metadata", "uuid"]),
        ("Prometheus", ["chunks_head", "wal"]),
    ];

    /// <summary>Returns the stores that a folder is or contains.</summary>
    public static IEnumerable<LiveStore> Recognise(string folder, IReadOnlyList<string> names)
    {
        if (_signs.FirstOrDefault(sign => Array.TrueForAll(sign.Names, name => Has(names, name))) is { Database: { } database })
            yield return new(folder, database);
        else if (System.IO.Path.GetFileName(folder) is "member" && Has(names, "snap") && Has(names, "wal"))
            yield return new(folder, "etcd");
        // A database that is not in use has no files beside it; those that exist while it is written belong to the same
        // state.
        var beside = names.SelectMany(name => _sqliteBeside.Where(end => name.EndsWith(end, StringComparison.Ordinal)).Select(end => name[..^end.Length])).Distinct(StringComparer.Ordinal);
        foreach (var name in beside.Where(name => name.Length > 0 && IsSqlite($"{folder}/{name}"))) yield return new($"{folder}/{name}", "SQLite");
    }

    /// <summary>True for a file with the header of a SQLite database.</summary>
    public static bool IsSqlite(string path)
    {
        try
        {
            return Disk.Size(path) >= 512 && LocalText.ReadStart(path, _sqliteMagic.Length).AsSpan().SequenceEqual(_sqliteMagic);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool Has(IReadOnlyList<string> names, string name) =>
        name.EndsWith('*') ? names.Any(other => other.StartsWith(name[..^1], StringComparison.Ordinal)) : names.Contains(name, StringComparer.Ordinal);
}
