using System.Text.Json.Serialization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Points;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>How the dump's own files and the catalog's answers are written as JSON.</summary>
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
