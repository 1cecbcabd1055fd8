using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>
/// A terminal: finished steps stay as lines, the running one is a live line below them. It is redrawn ten times a second at
/// most, in one write (return, text, erase to the end), so that it does not flicker, and is cut to the terminal's width.
/// The width in columns is asked at each drawing, because windows are resized.
/// </summary>
internal sealed class TerminalOutput(Sink output, Sink errors, TimeProvider clock, Style style, Func<int> width, bool quiet) : IOutput
{
    private const string EraseToEnd = "\e[K";
    private static readonly TimeSpan BetweenDrawings = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Turns = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    private static readonly string[] PlainTurns = ["|", "/", "-", "\\"];
    private readonly Lock _gate = new();
    private long _drawn;
    private int _turn;
    private bool _live;

    public CancellationToken Gone => output.Gone;

    public void Report(OutputEvent told)
    {
        if (quiet && !told.IsAnswer) return;
        lock (_gate)
        {
            if (told is StepStartedEvent started) Draw(new StepProgressEvent(started.Step, 0, null, 0, null));
            else if (told is StepProgressEvent progress) DrawInTime(progress);
            else Write(told is ProblemEvent ? errors : output, told.Lines(style));
        }
    }

    public void Report(Table table, IEnumerable<OutputEvent> rows)
    {
        lock (_gate) Write(output, table.Lines(style));
    }

    public void Dispose()
    {
        lock (_gate) Write(output, []);
        output.Dispose();
        errors.Dispose();
    }

    private void DrawInTime(StepProgressEvent progress)
    {
        if (clock.GetElapsedTime(_drawn) >= BetweenDrawings) Draw(progress);
    }

    private void Draw(StepProgressEvent progress)
    {
        var turns = style.Unicode ? Turns : PlainTurns;
        var text = $"  {turns[_turn++ % turns.Length]} {Printable.Text(progress.Step)}  {ProgressText.Of(progress)}";
        // One column stays free: a terminal that has written its last column wraps.
        output.Write($"\r{Cells.Crop(text.TrimEnd(), Math.Max(0, width() - 1))}{EraseToEnd}");
        _drawn = clock.GetTimestamp();
        _live = true;
    }

    /// <summary>Writes lines in the place of the live one.</summary>
    private void Write(Sink sink, IEnumerable<string> lines)
    {
        if (_live) output.Write("\r" + EraseToEnd);
        _live = false;
        var text = string.Concat(lines.Select(line => line + "\n"));
        if (text.Length > 0) sink.Write(text);
    }
}
