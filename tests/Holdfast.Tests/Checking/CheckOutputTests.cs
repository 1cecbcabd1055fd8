using System.Text;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;
using Holdfast.Engine.Checking;
using Xunit;

namespace Holdfast.Tests.Checking;

/// <summary>How answers are shown to a person.</summary>
public sealed class CheckOutputTests : IDisposable
{
    private readonly MemoryStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Fact]
    public void A_table_then_what_to_do_then_the_verdict()
    {
        using var sink = new Sink(_stream);
        using var output = new PlainOutput(sink, sink, TimeProvider.System, quiet: true);
        Report(output, strict: false, Line("clock", CheckState.Pass), Line("disk", CheckState.Fail, "Make room."), Line("users", CheckState.Unknown, "Look."));
        Assert.Equal(
            """
            STATE    SUBJECT  QUESTION  FOUND
            pass     clock    q         as it is
            fail     disk     q         as it is
            unknown  users    q         as it is

            What to do:
              disk, q: Make room.
              users, q: Look.

            Platform x is NOT READY for a backup: 1 passed, 1 failed, 1 unknown in 1.5 s.

            """,
            Text);
    }

    [Fact]
    public void On_a_terminal_only_the_states_are_coloured_and_the_columns_stay_straight()
    {
        using var sink = new Sink(_stream);
        using var output = new TerminalOutput(sink, sink, TimeProvider.System, new Style(Coloured: true, Unicode: true), () => 80, quiet: true);
        Report(output, strict: false, Line("clock", CheckState.Pass), Line("disk", CheckState.Warn, "Soon."));
        Assert.Contains("\e[1mSTATE  SUBJECT  QUESTION  FOUND\e[0m\n", Text, StringComparison.Ordinal);
        Assert.Contains("\e[32mpass \e[0m  clock    q         as it is\n", Text, StringComparison.Ordinal);
        Assert.Contains("\e[33mwarn \e[0m  disk     q         as it is\n", Text, StringComparison.Ordinal);
        Assert.Contains("\e[32mready for a backup\e[0m", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Strictness_is_told()
    {
        using var sink = new Sink(_stream);
        using var output = new PlainOutput(sink, sink, TimeProvider.System, quiet: true);
        Report(output, strict: true, Line("disk", CheckState.Warn, "Soon."));
        Assert.Contains("NOT READY for a backup: 1 warned, which counts (--strict)", Text, StringComparison.Ordinal);
    }

    private string Text => Encoding.UTF8.GetString(_stream.ToArray());

    private static CheckLine Line(string subject, CheckState state, string? hint = null) => new(subject, "q", state, "as it is") { Hint = hint };

    private static void Report(IOutput output, bool strict, params CheckLine[] found)
    {
        var lines = found.Select(CheckLineEvent.Of).ToList();
        output.Report(CheckLineEvent.Table(lines), lines);
        output.Report(PlatformCheckFinishedEvent.Of("x", new CheckReport(found), lines, strict) with { Seconds = 1.5 });
    }
}
