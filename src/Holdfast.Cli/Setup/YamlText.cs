using System.Text;

namespace Holdfast.Cli.Setup;

/// <summary>Writes scalar values as YAML.</summary>
internal static class YamlText
{
    /// <summary>Plain where nothing in it means anything to YAML, otherwise in double quotes.</summary>
    public static string Of(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '@') ? text : Quoted(text);

    public static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes()) quoted.Append(rune.Value switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            < ' ' or 0x7F => $"\\x{rune.Value:X2}",
            _ => rune.ToString(),
        });
        return quoted.Append('"').ToString();
    }
}
