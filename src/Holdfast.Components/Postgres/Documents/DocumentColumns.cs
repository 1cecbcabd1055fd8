using System.Globalization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Documents;

/// <summary>A statement with the types of its columns, and the SQL that reads documents by it.</summary>
internal sealed class DocumentColumns
{
    private readonly string _id, _version, _idType;

    private DocumentColumns(DocumentQuery query, string idType, string version) =>
        (Query, _id, _idType, _version) = (query, Sql.Identifier(query.Id), idType, version);

    public DocumentQuery Query { get; }

    public string CountSql => $"SELECT pg_catalog.count(*) FROM {Source}";

    /// <summary>The query for ids that have several rows, at most that many.</summary>
    public string RepeatedSql(int most) => string.Create(CultureInfo.InvariantCulture, $"SELECT {_id}::text FROM {Source} GROUP BY 1 HAVING pg_catalog.count(*) > 1 ORDER BY 1 LIMIT {most}");

    private string Source => $"(\n{Query.Sql}\n) AS holdfast_source";

    /// <summary>Checks the columns of a statement.</summary>
    /// <exception cref="ProblemException">A column is missing, or has a type that is not supported.</exception>
    public static DocumentColumns Read(IReadOnlyList<(string Name, string Type)> columns, DocumentQuery query)
    {
        var types = Types(columns, query);
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

    /// <summary>
    /// The query for all rows, or for those of some ids: each an array of id, version, and document if requested.
    /// </summary>
    /// <param name="documents">Includes the documents.</param>
    /// <param name="ids">The SQL of an array of texts; see <see cref="Ids"/>.</param>
    public string RowsSql(bool documents, string? ids = null) =>
        $"SELECT ARRAY[{_id}::text, {_version}{(documents ? $", {Sql.Identifier(Query.Document)}::text" : "")}] FROM {Source}{(ids is null ? "" : $" WHERE {Among(ids)}")}";

    /// <summary>
    /// The text of an array of ids. A text that is not valid for the column's type cannot be the id of a row, so it is
    /// left out.
    /// </summary>
    public string Ids(IReadOnlyCollection<string> ids) => Array(_idType switch
    {
        "smallint" or "integer" or "bigint" => ids.Where(id => long.TryParse(id, out var number) && number.ToString() == id),
        "uuid" => ids.Where(id => Guid.TryParseExact(id, "D", out _)),
        _ => ids,
    });

    public ProblemException Failure(Exception failure) => PostgresProblem.Of(failure, $"Reading by the statement on line {Query.Place.Line} of the profile failed", Catalogue.DocumentSource);

    public ProblemException Refuse(string why) => Refuse(Query, why);

    /// <summary>
    /// The condition on ids, in the column's own type wherever that is a common one, because only then an index is
    /// used.
    /// </summary>
    private string Among(string ids) => _idType switch
    {
        "smallint" or "integer" or "bigint" => $"{_id} = ANY (({ids})::bigint[])",
        "uuid" => $"{_id} = ANY (({ids})::uuid[])",
        "text" or "character varying" => $"{_id} = ANY ({ids})",
        _ => $"{_id}::text = ANY ({ids})",
    };

    private static string Array(IEnumerable<string> ids) =>
        $"{{{string.Join(',', ids.Select(id => $"\"{id.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""))}}}";

    private static Dictionary<string, string> Types(IReadOnlyList<(string Name, string Type)> columns, DocumentQuery query)
    {
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, type) in columns)
            if (!types.TryAdd(name, type)) throw Refuse(query, $"has two columns '{name}'");
        return types;
    }

    private static string TypeOf(Dictionary<string, string> types, DocumentQuery query, string column, string key) => types.TryGetValue(column, out var type)
        ? type
        : throw Refuse(query, $"has no column '{column}' ('{key}' of the source); it has {string.Join(", ", types.Keys)}");

    private static ProblemException Refuse(DocumentQuery query, string why) => Catalogue.DocumentSource.Throwable($"The statement on line {query.Place.Line} of the profile {why}.");
}
