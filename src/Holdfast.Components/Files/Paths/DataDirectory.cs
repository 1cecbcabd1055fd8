namespace Holdfast.Components.Files.Paths;

/// <summary>
/// The data directory of a database. A copy of it taken file by file while the database runs is useless, so it is never
/// part of a selection; the component of the database asks the server itself. Single files in it that are selected by
/// their own names (postgresql.conf) are ordinary files.
/// </summary>
/// <param name="Path">The folder.</param>
/// <param name="Database">The database system: "PostgreSQL".</param>
/// <param name="Remedy">What captures that data instead, as a full sentence.</param>
internal sealed record DataDirectory(string Path, string Database, string Remedy)
{
    /// <summary>
    /// True when a copy is usable once the database has been stopped, and no component captures it in another way.
    /// </summary>
    public bool MayBeCopiedStopped { get; init; }

    /// <summary>Recognises a data directory by the names in a folder; no file is read.</summary>
    public static DataDirectory? Recognise(string folder) => Recognise(folder, Disk.Names(folder));

    /// <summary>
    /// Recognises a data directory when the names in the folder are known; nearly always they are sufficient.
    /// </summary>
    public static DataDirectory? Recognise(string folder, IReadOnlyList<string> names)
    {
        if (IsPostgres(folder, names))
            return new(folder, "PostgreSQL", "Capture the server with a 'postgres' component, and exclude this folder from 'files'.");
        if (IsSearch(folder, names))
            return new(folder, "Elasticsearch or OpenSearch", "Its makers support snapshots only: mark the entry 'data-directory: search', or exclude this folder from 'files'.");
        if (IsNeo4j(folder, names))
            return new(folder, "Neo4j", "Dump it with neo4j-admin to a folder of its own, put that into 'files', and exclude this one; or stop it with the platform (mode quiesced or cold).") { MayBeCopiedStopped = true };
        return null;
    }

    /// <summary>Returns the data directory that a path is or is inside of, or null.</summary>
    public static DataDirectory? Around(string path)
    {
        for (var folder = path; folder.Length > 1; folder = folder[..Math.Max(1, folder.LastIndexOf('/'))])
            if (Disk.IsFolder(folder) && Recognise(folder) is { } found) return found;
        return null;
    }

    // Source: PostgreSQL, "Database File Layout".
    private static bool IsPostgres(string folder, IReadOnlyList<string> names) =>
        names.Contains("PG_VERSION", StringComparer.Ordinal) && Disk.IsFile($"{folder}/global/pg_control");

    // Up to Elasticsearch 7, and in OpenSearch, nodes are in nodes/<number>; from 8 on path.data is the node's folder
    // itself.
    private static bool IsSearch(string folder, IReadOnlyList<string> names) =>
        IsSearchNode(names) || (System.IO.Path.GetFileName(folder) is "nodes"
            && names.Any(name => name.All(char.IsAsciiDigit) && IsSearchNode(Disk.Names($"{folder}/{name}"))));

    private static bool IsSearchNode(IReadOnlyList<string> names) =>
        names.Count(name => name is "_state" or "indices" or "node.lock") >= 2;

    // data/databases/<name>/neostore, and beside it data/transactions/<name>/neostore.transaction.db.0, from 3.5 to 5.
    private static bool IsNeo4j(string folder, IReadOnlyList<string> names) =>
        System.IO.Path.GetFileName(folder) is "databases" or "transactions"
        && names.Any(name => Disk.Names($"{folder}/{name}").Any(inner => inner.StartsWith("neostore", StringComparison.Ordinal)));
}
