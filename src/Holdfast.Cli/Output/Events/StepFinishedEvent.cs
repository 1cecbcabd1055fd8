using System.Text.Json.Serialization;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>A step has ended, with its outcome and its figures.</summary>
internal sealed record StepFinishedEvent(string Step, StepOutcome Outcome, long Bytes, long Items, double Seconds) : OutputEvent
{
    internal override bool IsAnswer => false;

    public override IEnumerable<string> Lines(Style style)
    {
        var amounts = (Bytes > 0 ? $"{Amounts.Bytes(Bytes)}, " : "") + (Items > 0 ? $"{Amounts.Count(Items, "item")}, " : "");
        var sign = Outcome == StepOutcome.Failed ? style.Failed : style.Done;
        var undone = Outcome == StepOutcome.Undone ? " (undone)" : "";
        yield return $"  {sign} {Printable.Text(Step)}{undone}  {style.Dim($"{amounts}{Amounts.Duration(TimeSpan.FromSeconds(Seconds))}")}";
    }
}

/// <summary>The outcome of a step.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StepOutcome>))]
internal enum StepOutcome
{
    [JsonStringEnumMemberName("done")]
    Done,
    [JsonStringEnumMemberName("failed")]
    Failed,
    [JsonStringEnumMemberName("undone")]
    Undone,
}
