using Holdfast.Cli.Text;
using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// The activity of a broker's workers, and the state of the broker by a single check: "idle", "busy" or "unknown".
/// </summary>
internal sealed record WorkersEvent(string Broker, string State, string Description, int Listening, int Answered, int Active, int Reserved, int Scheduled, bool Orphans) : OutputEvent
{
    /// <summary>The first few running tasks: name, id, worker.</summary>
    public IReadOnlyList<string> Running { get; init; } = [];

    public static WorkersEvent Of(BrokerStatus status)
    {
        var (workers, state) = (status.Workers, status.IsIdle ? "idle" : status.Workers.IsKnown ? "busy" : "unknown");
        return new WorkersEvent(status.Broker, state, status.Description, workers.Listening, workers.Answered, workers.Active, workers.Reserved, workers.Scheduled, status.HasOrphans) { Running = workers.FirstRunning };
    }

    public override IEnumerable<string> Lines(Style style)
    {
        var state = State == "idle" ? style.Green(Description) : style.Yellow(Printable.Text(Description));
        yield return $"{style.Bold(Printable.Name(Broker))} is {state}";
        yield return $"  {Amounts.Count(Listening, "worker")}: {Active} running, {Reserved} reserved, {Scheduled} scheduled";
        foreach (var task in Running) yield return $"    {Printable.Text(task)}";
    }
}
