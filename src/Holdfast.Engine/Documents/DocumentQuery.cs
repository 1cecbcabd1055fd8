using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Documents;

/// <summary>A statement whose rows are the documents of an index: the authoritative source of the index.</summary>
/// <param name="Place">The place of the statement in the profile, for messages.</param>
/// <param name="Source">The source's name in the profile, as "main"; null for the only one.</param>
/// <param name="Database">The database; null for that of the connection.</param>
/// <param name="Sql">The statement, without a semicolon at its end.</param>
/// <param name="Id">The column that the document's id is taken from.</param>
/// <param name="Document">The column that is the document, of type json or jsonb.</param>
/// <param name="Version">The column that grows with every change: a whole number or a time. Null when the document has it in a field.</param>
/// <param name="VersionField">The path of the field, with dots, that differs after every change; null when a column has the version.</param>
public sealed record DocumentQuery(ProfilePlace Place, string? Source, string? Database, string Sql, string Id, string Document, string? Version, string? VersionField)
{
    /// <summary>Reads the mapping "source" of an index in a valid profile.</summary>
    public static DocumentQuery Read(ProfileNode node) => new(
        node.Place, node.Find("postgres")?.Text, node.Find("database")?.Text, node["sql"].Text.TrimEnd().TrimEnd(';'),
        node.Find("id")?.Text ?? "id", node.Find("document")?.Text ?? "document",
        node.Has("version-field") ? null : node.Find("version")?.Text ?? "version", node.Find("version-field")?.Text);
}
