namespace Holdfast.Components.Postgres;

/// <summary>What one query of the catalog, made in the snapshot, tells of a database.</summary>
internal sealed record CatalogAnswer
{
    public required DatabaseProperties Properties { get; init; }
    public required bool HasPublicSchema { get; init; }
    public required long LargeObjects { get; init; }
    public required IReadOnlyList<ExtensionEntry> Extensions { get; init; }
    public required IReadOnlyList<CatalogTable> Tables { get; init; }
    public required IReadOnlyList<CatalogSequence> Sequences { get; init; }

    /// <summary>Partitioned tables: they have no rows of their own, but must not change either.</summary>
    public required IReadOnlyList<CatalogName> Partitioned { get; init; }
    public required IReadOnlyList<string> LeftOut { get; init; }

    /// <summary>Bytes on disk of what is not the catalog's, by tablespace.</summary>
    public IReadOnlyDictionary<string, long> Sizes { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);
}

/// <summary>A table as the snapshot sees it. <paramref name="FileNode"/> changes when the table is truncated or rewritten.</summary>
internal sealed record CatalogTable(
    string Schema, string Name, uint Oid, uint FileNode, IReadOnlyList<string> Columns, bool Configuration, string? Condition, long Size);

internal sealed record CatalogName(string Schema, string Name);

internal sealed record CatalogSequence(string Schema, string Name, uint Oid);

/// <summary>What a sequence stands at.</summary>
internal sealed record SequenceValue(uint Oid, long LastValue, bool IsCalled = true);
