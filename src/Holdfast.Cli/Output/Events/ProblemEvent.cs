using System.Text.Json.Serialization;
using Holdfast.Cli.Text;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Output.Events;

/// <summary>The severity of a problem: an error ends the command, a warning does not.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Severity>))]
internal enum Severity
{
    [JsonStringEnumMemberName("warning")]
    Warning,
    [JsonStringEnumMemberName("error")]
    Error,
}

/// <summary>A problem with its stable code, its message and its hint.</summary>
internal sealed record ProblemEvent(Severity Severity, string Code, string Message, string Hint, bool Transient, int ExitCode) : OutputEvent
{
    /// <summary>Further lines, one each: the mistakes of a profile, say.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    public static ProblemEvent Warning(Problem problem) => From(Severity.Warning, problem);

    public static ProblemEvent Error(Problem problem) => From(Severity.Error, problem);

    private static ProblemEvent From(Severity severity, Problem problem) =>
        new(severity, problem.Code, problem.Message, problem.Hint, problem.Transient, (int)problem.Exit) { Details = problem.Details };

    public override IEnumerable<string> Lines(Style style)
    {
        var label = Severity == Severity.Error ? style.Bold(style.Red("error:")) : style.Bold(style.Yellow("warning:"));
        yield return $"{label} {Printable.Text(Message)} {style.Dim($"[{Printable.Text(Code)}]")}";
        foreach (var detail in Details) yield return $"  {Printable.Text(detail)}";
        if (Hint.Length > 0) yield return $"  hint: {Printable.Text(Hint)}";
    }
}
