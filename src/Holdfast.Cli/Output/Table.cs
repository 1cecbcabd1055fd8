namespace Holdfast.Cli.Output;

/// <summary>Rows under headings, columns as wide as they must be. Cells are shown as <see cref="Printable.Text"/>.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Columns (0-based) that hold figures and are set flush right.</summary>
    public IReadOnlySet<int> Figures { get; init; } = new HashSet<int>();

    public int Count => _rows.Count;

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(Printable.Text)]);

    /// <summary>The heading, then each row, without trailing spaces. Nothing when there is no row.</summary>
    public IEnumerable<string> Lines()
    {
        if (_rows.Count == 0) return [];
        var widths = headings.Select((heading, column) => Math.Max(heading.Length, _rows.Max(row => Cells.Width(row[column])))).ToArray();
        return _rows.Prepend(headings).Select(row => Line(row, widths));
    }

    private string Line(string[] row, int[] widths) =>
        string.Join("  ", row.Select((cell, column) => Figures.Contains(column) ? Cells.PadLeft(cell, widths[column]) : Cells.Pad(cell, widths[column]))).TrimEnd();
}
