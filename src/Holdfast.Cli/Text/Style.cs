namespace Holdfast.Cli.Text;

/// <summary>
/// The highlighting of text on a terminal: colours when they are enabled, and symbols that the locale can show.
/// </summary>
internal sealed record Style(bool Coloured, bool Unicode)
{
    /// <summary>The output is a terminal, which interprets control characters.</summary>
    public bool OnTerminal { get; private init; } = true;

    /// <summary>The style of files and pipes: no colours, ASCII only.</summary>
    public static Style Plain { get; } = new(Coloured: false, Unicode: false) { OnTerminal = false };

    public string Done => Green(Unicode ? "✓" : "ok");
    public string Failed => Red(Unicode ? "✗" : "failed");

    public string Bold(string text) => Wrap("1", text);
    public string Dim(string text) => Wrap("2", text);
    public string Red(string text) => Wrap("31", text);
    public string Green(string text) => Wrap("32", text);
    public string Yellow(string text) => Wrap("33", text);

    private string Wrap(string code, string text) => Coloured ? $"\e[{code}m{text}\e[0m" : text;
}
