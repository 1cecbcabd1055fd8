using System.Text;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>Quotes names and values for SQL text. All sessions have standard_conforming_strings on.</summary>
internal static class Sql
{
    /// <summary>Quotes an identifier, always: which words need quotes differs from version to version.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Qualified(string schema, string name) => $"{Identifier(schema)}.{Identifier(name)}";

    public static string Literal(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A list of columns in parentheses with a space before it; empty for a table without columns.</summary>
    public static string Columns(IReadOnlyList<string> columns) =>
        columns.Count == 0 ? "" : $" ({string.Join(", ", columns.Select(Identifier))})";

    /// <summary>A comment of one line, whatever line breaks the text has.</summary>
    public static string Comment(string text)
    {
        var line = new StringBuilder("-- ");
        foreach (var character in text)
            line.Append(char.IsControl(character) ? ' ' : character);
        return line.ToString();
    }
}
