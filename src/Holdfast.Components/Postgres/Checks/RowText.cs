using System.Text;

namespace Holdfast.Components.Postgres.Checks;

/// <summary>
/// Reads a row that the server wrote as one text: fields between commas in parentheses, in double quotes where
/// necessary; an empty field is NULL. Source: PostgreSQL's manual, 8.16.6, "Composite Type Input and Output Syntax".
/// </summary>
internal static class RowText
{
    public static IReadOnlyList<string?> Read(string text, int columns)
    {
        var fields = new List<string?>(columns);
        var at = 1;
        for (var i = 0; i < columns; i++) fields.Add(Field(text, ref at));
        return fields;
    }

    private static string? Field(string text, ref int at)
    {
        var field = new StringBuilder();
        var (isQuoted, wasQuoted) = (false, false);
        for (; at < text.Length; at++)
        {
            var character = text[at];
            if (character == '"' && isQuoted && at + 1 < text.Length && text[at + 1] == '"') field.Append(text[++at - 1]);
            else if (character == '"') (isQuoted, wasQuoted) = (!isQuoted, true);
            else if (character == '\\' && at + 1 < text.Length) field.Append(text[++at]);
            else if (!isQuoted && character is ',' or ')' && !isQuoted) break;
            else field.Append(character);
        }
        at++;
        return field.Length == 0 && !wasQuoted ? null : field.ToString();
    }
}
