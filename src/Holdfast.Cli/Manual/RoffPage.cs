using System.Text;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Manual;

/// <summary>
/// One page of the manual, written in the macros that man(7) of every system knows. Text goes through <see cref="Escape"/>, so that nothing in it
/// is taken for a request.
/// </summary>
internal sealed class RoffPage
{
    private readonly StringBuilder _text = new();

    /// <param name="name">"holdfast-backup".</param>
    /// <param name="section">1, 5 or 7.</param>
    /// <param name="summary">The text after the name in indices of manuals; without a full stop.</param>
    public RoffPage(string name, int section, string summary)
    {
        (Name, Section) = (name, section);
        Request($".TH \"{Escape(name.ToUpperInvariant())}\" \"{section}\" \"\" \"Holdfast {ProgramVersion.Text}\" \"Holdfast\"");
        Heading("NAME").Line($"{Escape(name)} \\- {Escape(summary.TrimEnd('.'))}");
    }

    public string Name { get; }

    public int Section { get; }

    public string Text => _text.ToString();

    public RoffPage Heading(string title) => Request($".SH \"{Escape(title)}\"");

    public RoffPage Subheading(string title) => Request($".SS \"{Escape(title)}\"");

    public RoffPage Paragraph(string text) => Request(".PP").Line(Escape(text));

    /// <summary>A term in bold with what it means, indented below it.</summary>
    public RoffPage Item(string term, string meaning) => Request(".TP").Line($"\\fB{Escape(term)}\\fR").Line(Escape(meaning.Length > 0 ? meaning : "See above."));

    /// <summary>Adds lines that are printed unchanged.</summary>
    public RoffPage Verbatim(params IEnumerable<string> lines)
    {
        Request(".PP").Request(".nf").Request(".RS 4");
        foreach (var line in lines) Line(Escape(line));
        return Request(".RE").Request(".fi");
    }

    public RoffPage SeeAlso(params IEnumerable<string> pages)
    {
        Heading("SEE ALSO");
        return Line(string.Join(",\n", pages.Select(page => $"\\fB{Escape(page[..page.IndexOf('(', StringComparison.Ordinal)])}\\fR{page[page.IndexOf('(', StringComparison.Ordinal)..]}")));
    }

    /// <summary>
    /// Escapes backslashes, dashes that are not hyphens, and characters beyond ASCII. Source: groff_char(7).
    /// </summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder();
        if (text.StartsWith('.') || text.StartsWith('\'')) escaped.Append("\\&");
        foreach (var rune in text.EnumerateRunes()) escaped.Append(rune.Value switch
        {
            '\\' => "\\e",
            '-' => "\\-",
            '\'' => "\\(aq",
            '"' => "\\(dq",
            '\n' => " ",
            > 126 => $"\\[u{rune.Value:X4}]",
            _ => rune.ToString(),
        });
        return escaped.ToString();
    }

    private RoffPage Request(string line) => Line(line);

    private RoffPage Line(string line)
    {
        _text.Append(line).Append('\n');
        return this;
    }
}
