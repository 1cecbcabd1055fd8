using System.Globalization;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.Documents;

/// <summary>A statement with the types of its columns, as SQL that reads documents by it.</summary>
internal sealed class DocumentColumns
{
    private readonly string _id, _version, _idType;

    private DocumentColumns(DocumentQuery query, string idType, string version) =>
        (Query, _id, _idType, _version) = (query, Sql.Identifier(query.Id), idType, version);

    public DocumentQuery Query { get; }

    public string CountSql => $"SELECT pg_catalog.count(*) FROM {Source}";

    /// <summary>The ids of which there are several rows, so many at most.</summary>
    public string RepeatedSql(int most) => string.Create(CultureInfo.InvariantCulture, $"SELECT {_id}::text FROM {Source} GROUP BY 1 HAVING pg_catalog.count(*) > 1 ORDER BY 1 LIMIT {most}");

    private string Source => $"(\n{Query.Sql}\n) AS holdfast_source";

    /// <summary>Asks the server for the columns, and refuses what can not be read by them.</summary>
    /// <exception cref="ProblemException">A column is missing, or of a type that it can not have.</exception>
    public static async Task<DocumentColumns> ReadAsync(NpgsqlConnection connection, DocumentQuery query, CancellationToken cancellation)
    {
        var types = await TypesAsync(connection, query, cancellation);
        var (id, document) = (TypeOf(types, query, query.Id, "id"), TypeOf(types, query, query.Document, "document"));
        if (document is not ("json" or "jsonb"))
            throw Refuse(query, $"has the column '{query.Document}' for documents, which is of type {document}, not json or jsonb");
        if (query.Version is null) return new DocumentColumns(query, id, $"{Sql.Identifier(query.Document)} #>> {Sql.Literal($"{{{query.VersionField!.Replace('.', ',')}}}")}");
        var version = TypeOf(types, query, query.Version, "version");
        var column = Sql.Identifier(query.Version);
        if (version is "smallint" or "integer" or "bigint") return new DocumentColumns(query, id, $"{column}::bigint::text");
        return version is "timestamp without time zone" or "timestamp with time zone"
            ? new DocumentColumns(query, id, $"CASE WHEN pg_catalog.isfinite({column}) THEN (pg_catalog.date_part('epoch', {column}) * 1000000)::bigint::text ELSE {column}::text END")
            : throw Refuse(query, $"has the column '{query.Version}' for versions, which is of type {version}, not a whole number or a time");
    }

    /// <summary>All rows, or those of some ids.</summary>
    public string RowsSql(bool documents, IReadOnlyCollection<string>? ids = null) =>
        $"SELECT {_id}::text, {_version}{(documents ? $", {Sql.Identifier(Query.Document)}::text" : "")} FROM {Source}{(ids is null ? "" : $" WHERE {Among(ids)}")}";

    public ProblemException Failure(Exception failure) => PostgresProblem.Of(failure, $"Reading by the statement on line {Query.Place.Line} of the profile failed", Catalogue.DocumentSource);

    public ProblemException Refuse(string why) => Refuse(Query, why);

    /// <summary>In the column's own type wherever it is a usual one, because only then an index is used. What can not be an id of that type is no row's.</summary>
    private string Among(IReadOnlyCollection<string> ids) => _idType switch
    {
        "smallint" or "integer" or "bigint" => $"{_id} = ANY ({Array(ids.Where(id => long.TryParse(id, out var number) && number.ToString() == id))}::bigint[])",
        "uuid" => $"{_id} = ANY ({Array(ids.Where(id => Guid.TryParseExact(id, "D", out _)))}::uuid[])",
        "text" or "character varying" => $"{_id} = ANY ({Array(ids)}::text[])",
        _ => $"{_id}::text = ANY ({Array(ids)}::text[])",
    };

    private static string Array(IEnumerable<string> ids) =>
        Sql.Literal($"{{{string.Join(',', ids.Select(id => $"\"{id.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""))}}}");

    private static async Task<Dictionary<string, string>> TypesAsync(NpgsqlConnection connection, DocumentQuery query, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT * FROM (\n{query.Sql}\n) AS holdfast_source LIMIT 0", connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < reader.FieldCount; i++)
            if (!types.TryAdd(reader.GetName(i), reader.GetDataTypeName(i).Split('(')[0])) throw Refuse(query, $"has two columns '{reader.GetName(i)}'");
        return types;
    }

    private static string TypeOf(Dictionary<string, string> types, DocumentQuery query, string column, string key) => types.TryGetValue(column, out var type)
        ? type
        : throw Refuse(query, $"has no column '{column}' ('{key}' of the source); it has {string.Join(", ", types.Keys)}");

    private static ProblemException Refuse(DocumentQuery query, string why) => Catalogue.DocumentSource.Throwable($"The statement on line {query.Place.Line} of the profile {why}.");
}
