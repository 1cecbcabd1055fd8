namespace Holdfast.Components.Postgres.Connection;

/// <summary>The result of a statement: each value as the server's text, null for NULL.</summary>
public sealed record PostgresTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows);
