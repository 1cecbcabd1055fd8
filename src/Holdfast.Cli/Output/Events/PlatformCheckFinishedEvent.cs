using Holdfast.Cli.Text;
using Holdfast.Engine.Checking;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// The number of answers of each kind. When nothing prevents a backup, <paramref name="Ready"/> is true and the exit
/// code is 0.
/// </summary>
internal sealed record PlatformCheckFinishedEvent(string Platform, bool Ready, int Passed, int Warned, int Failed, int Unknown, bool Strict) : OutputEvent
{
    private IReadOnlyList<CheckLineEvent> _lines = [];

    public double Seconds { get; init; }

    public static PlatformCheckFinishedEvent Of(string platform, CheckReport report, IReadOnlyList<CheckLineEvent> lines, bool strict) => new(
        platform, report.IsReady(strict), report.Count(CheckState.Pass), report.Count(CheckState.Warn), report.Count(CheckState.Fail), report.Count(CheckState.Unknown), strict) { _lines = lines };

    public override IEnumerable<string> Lines(Style style)
    {
        var advice = _lines.Select(line => line.Advice(style)).OfType<string>().ToList();
        if (advice.Count > 0) yield return $"\nWhat to do:";
        foreach (var line in advice) yield return line;
        var verdict = Ready ? style.Green("ready for a backup") : style.Red("NOT READY for a backup");
        yield return "";
        yield return $"Platform {Printable.Name(Platform)} is {verdict}: {Counts} in {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}.";
    }

    private string Counts => string.Join(", ", new[]
    {
        (Count: Passed, Word: "passed"), (Count: Warned, Word: Strict ? "warned, which counts (--strict)" : "warned"), (Count: Failed, Word: "failed"), (Count: Unknown, Word: "unknown"),
    }.Where(part => part.Count > 0).Select(part => $"{part.Count} {part.Word}"));
}
