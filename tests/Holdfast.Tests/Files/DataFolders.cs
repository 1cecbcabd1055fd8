using Holdfast.Testing;

namespace Holdfast.Tests.Files;

/// <summary>Folders that look like databases' data, with the names that the real ones have.</summary>
internal static class DataFolders
{
    public static string Postgres(TempFolder folder, string name)
    {
        folder.Write($"{name}/PG_VERSION", "15\n");
        folder.Write($"{name}/global/pg_control", "x");
        folder.Write($"{name}/base/1/1259", "a table");
        folder.Write($"{name}/postgresql.conf", "port = 5432\n");
        return folder[name];
    }

    /// <summary>Up to Elasticsearch 7, and OpenSearch: nodes/0.</summary>
    public static string OldSearch(TempFolder folder, string name)
    {
        folder.Write($"{name}/nodes/0/_state/global-1.st", "x");
        folder.Write($"{name}/nodes/0/indices/abc/0/index/segments_1", "x");
        folder.Write($"{name}/nodes/0/node.lock", "");
        return folder[$"{name}/nodes"];
    }

    /// <summary>From Elasticsearch 8 on.</summary>
    public static string NewSearch(TempFolder folder, string name)
    {
        folder.Write($"{name}/_state/manifest-1.st", "x");
        folder.Write($"{name}/indices/abc/0/index/segments_1", "x");
        folder.Write($"{name}/node.lock", "");
        return folder[name];
    }

    public static string Neo4j(TempFolder folder, string name)
    {
        folder.Write($"{name}/databases/neo4j/neostore", "x");
        folder.Write($"{name}/transactions/neo4j/neostore.transaction.db.0", "x");
        return folder[$"{name}/databases"];
    }
}
