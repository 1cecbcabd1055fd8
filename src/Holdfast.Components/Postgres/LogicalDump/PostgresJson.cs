using System.Text.Json.Serialization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>The JSON format of the dump's own files and of the catalog's results.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(DatabaseContents))]
[JsonSerializable(typeof(CatalogAnswer))]
[JsonSerializable(typeof(IReadOnlyList<SequenceValue>))]
[JsonSerializable(typeof(IReadOnlyList<DatabaseListing>))]
internal sealed partial class PostgresJson : JsonSerializerContext;
