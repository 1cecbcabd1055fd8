using System.Text.Json.Serialization;
using Holdfast.Cli.Text;
using Holdfast.Engine.Checking;

namespace Holdfast.Cli.Output.Events;

/// <summary>The meaning of an answer for a backup.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
internal enum Verdict
{
    [JsonStringEnumMemberName("pass")]
    Pass,
    [JsonStringEnumMemberName("warn")]
    Warn,
    [JsonStringEnumMemberName("fail")]
    Fail,
    [JsonStringEnumMemberName("unknown")]
    Unknown,
}

/// <summary>One question that was asked before a backup. All of them are shown as a table, so it has no lines of its own.</summary>
internal sealed record CheckLineEvent(string Subject, string Question, Verdict State, string Found) : OutputEvent
{
    /// <summary>The remedy; null when none is needed.</summary>
    public string? Hint { get; init; }

    public static CheckLineEvent Of(CheckLine line) => new(line.Subject, line.Question, Of(line.State), line.Found) { Hint = line.Hint };

    public static Table Table(IEnumerable<CheckLineEvent> lines)
    {
        var table = new Table("STATE", "SUBJECT", "QUESTION", "FOUND") { Paints = new Dictionary<int, Func<Style, string, string>> { [0] = Paint } };
        foreach (var line in lines) table.Add(Word(line.State), line.Subject, line.Question, line.Found);
        return table;
    }

    /// <summary>The remedy, after its subject and question; null when none is needed.</summary>
    public string? Advice(Style style) => Hint is null ? null : $"  {style.Dim($"{Printable.Text(Subject)}, {Printable.Text(Question)}:")} {Printable.Text(Hint)}";

    private static string Word(Verdict state) => state.ToString().ToLowerInvariant();

    private static string Paint(Style style, string cell) => cell.TrimEnd() switch
    {
        "pass" => style.Green(cell),
        "warn" => style.Yellow(cell),
        _ => style.Red(cell),
    };

    private static Verdict Of(CheckState state) => state switch
    {
        CheckState.Pass => Verdict.Pass,
        CheckState.Warn => Verdict.Warn,
        CheckState.Fail => Verdict.Fail,
        _ => Verdict.Unknown,
    };
}
