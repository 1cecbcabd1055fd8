using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>The undos of interrupted runs: how many were completed, and how many failed.</summary>
internal sealed record RecoverFinishedEvent(int Runs, int Undone, int Failed) : OutputEvent
{
    /// <summary>The timer asks each minute, quietly.</summary>
    internal override bool IsAnswer => Runs + Failed > 0;

    public override IEnumerable<string> Lines(Style style)
    {
        if (Runs == 0 && Failed > 0) return [$"{style.Red("Not recovered")}: what is owed could not be done, see above."];
        if (Runs == 0) return ["Nothing is owed: every run ended by itself."];
        var failed = Failed == 0 ? "" : $"; {style.Red(Amounts.Count(Failed, "undo"))} could not be done";
        var done = Undone == 0 ? Failed == 0 ? "nothing had to be undone" : "no undo could be done yet" : $"{Amounts.Count(Undone, "undo was", "undos were")} done";
        return [$"{Amounts.Count(Runs, "run")} had been cut off; {done}{failed}."];
    }
}
