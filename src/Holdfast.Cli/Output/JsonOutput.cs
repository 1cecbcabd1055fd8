using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>
/// One JSON object a line on standard output, nothing else. Progress of a step is printed once a second at most.
/// </summary>
internal sealed class JsonOutput(Sink output, TimeProvider clock, bool quiet) : IOutput
{
    private static readonly TimeSpan BetweenProgress = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private long _lastProgress = clock.GetTimestamp();

    public CancellationToken Gone => output.Gone;

    public void Report(OutputEvent told)
    {
        if (quiet && !told.IsAnswer) return;
        lock (_gate)
        {
            if (told is StepProgressEvent && clock.GetElapsedTime(_lastProgress) < BetweenProgress) return;
            if (told is StepProgressEvent) _lastProgress = clock.GetTimestamp();
            output.Line(EventJson.Line(told with { Time = clock.GetUtcNow() }));
        }
    }

    public void Report(Table table, IEnumerable<OutputEvent> rows)
    {
        foreach (var row in rows) Report(row);
    }

    public void Dispose() => output.Dispose();
}
