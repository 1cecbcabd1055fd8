using Holdfast.Cli.Text;
using Holdfast.Engine.Journals;

namespace Holdfast.Cli.Output.Events;

/// <summary>One run in the journals of this machine.</summary>
internal sealed record RunEntryEvent(string RunId, string Verb, string Platform, RunState State, DateTimeOffset Began, DateTimeOffset? Ended, string? Step) : OutputEvent
{
    public static RunEntryEvent Of(PastRun run) => new(run.Id, run.Verb, run.Platform, run.State, run.Began, run.Ended, run.Step);

    public static Table Table(IEnumerable<RunEntryEvent> runs)
    {
        var table = new Table("RUN", "VERB", "PLATFORM", "BEGAN", "TOOK", "STATE");
        foreach (var run in runs) table.Add(run.RunId, run.Verb, run.Platform, Amounts.Time(run.Began), run.Took, run.Said);
        return table;
    }

    public override IEnumerable<string> Lines(Style style)
    {
        yield return $"Run {RunId}, {Verb} of platform {Printable.Name(Platform)}: {Said}{(Took.Length > 0 ? $" in {Took}" : "")}.";
        if (State == RunState.Owing) yield return "  What it owes is done by 'holdfast recover', and by the next run.";
    }

    private string Took => Ended is { } ended ? Amounts.Duration(ended - Began) : "";

    private string Said => State switch
    {
        RunState.Running => $"running, at '{Step}'",
        RunState.Owing => $"cut off at '{Step}', something is still owed",
        RunState.Recovered => $"cut off at '{Step}', what it owed was undone",
        RunState.Failed => $"failed at '{Step}'",
        _ => "succeeded",
    };
}
