using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>
/// Lines for a file, a pipe or a log: one when a step ends, and one every 30 seconds while it runs. With
/// <paramref name="quiet"/> only answers and problems are printed.
/// </summary>
internal sealed class PlainOutput(Sink output, Sink errors, TimeProvider clock, bool quiet) : IOutput
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);
    private readonly Lock _gate = new();
    private long _lastProgress = clock.GetTimestamp();

    public CancellationToken Gone => output.Gone;

    public void Report(OutputEvent told)
    {
        if (quiet && !told.IsAnswer) return;
        lock (_gate)
        {
            if (told is StepProgressEvent progress) TellProgress(progress);
            else if (told is StepStartedEvent) _lastProgress = clock.GetTimestamp();
            else Write(told is ProblemEvent ? errors : output, told.Lines(Style.Plain));
        }
    }

    public void Report(Table table, IEnumerable<OutputEvent> rows)
    {
        lock (_gate) Write(output, table.Lines(Style.Plain));
    }

    public void Dispose()
    {
        output.Dispose();
        errors.Dispose();
    }

    private void TellProgress(StepProgressEvent progress)
    {
        if (clock.GetElapsedTime(_lastProgress) < Heartbeat) return;
        _lastProgress = clock.GetTimestamp();
        output.Line($"  ... {Printable.Text(progress.Step)}  {ProgressText.Of(progress)}".TrimEnd());
    }

    private static void Write(Sink sink, IEnumerable<string> lines)
    {
        var text = string.Concat(lines.Select(line => line + "\n"));
        if (text.Length > 0) sink.Write(text);
    }
}
