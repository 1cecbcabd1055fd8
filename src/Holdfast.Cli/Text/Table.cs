namespace Holdfast.Cli.Text;

/// <summary>Rows under headings, columns as wide as they must be. Cells are shown as <see cref="Printable.Text"/>.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Columns (0-based) that hold figures and are set flush right.</summary>
    public IReadOnlySet<int> Figures { get; init; } = new HashSet<int>();

    /// <summary>
    /// The highlighting of the cells of a column (0-based), by their text; spaces that fill the column are part of it.
    /// </summary>
    public IReadOnlyDictionary<int, Func<Style, string, string>> Paints { get; init; } = new Dictionary<int, Func<Style, string, string>>();

    public int Count => _rows.Count;

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(Printable.Text)]);

    /// <summary>The heading, then each row, without trailing spaces. Empty when there is no row.</summary>
    public IEnumerable<string> Lines(Style style)
    {
        if (_rows.Count == 0) return [];
        var widths = headings.Select((heading, column) => Math.Max(heading.Length, _rows.Max(row => Cells.Width(row[column])))).ToArray();
        return _rows.Select(row => Line(row, widths, style)).Prepend(style.Bold(Line(headings, widths, Style.Plain)));
    }

    private string Line(string[] row, int[] widths, Style style) => string.Join("  ", row.Select((cell, column) => Show(column, cell, widths[column], style))).TrimEnd();

    private string Show(int column, string cell, int width, Style style)
    {
        var shown = Figures.Contains(column) ? Cells.PadLeft(cell, width) : Cells.Pad(cell, width);
        return style.Coloured && Paints.TryGetValue(column, out var paint) ? paint(style, shown) : shown;
    }
}
