using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class TerminalOutputTests : IDisposable
{
    private const long MiB = 1 << 20;
    private readonly FakeClock _clock = new();
    private readonly FakeScreen _screen = new(width: 60);
    private readonly TerminalOutput _output;

    public TerminalOutputTests() => _output = Open(new Style(Coloured: false, Unicode: true));

    public void Dispose() => _output.Dispose();

    [Fact]
    public void The_running_step_is_one_live_line_below_the_finished_ones()
    {
        _output.Report(new RunStartedEvent("r1", "backup", "shop", ["Capture files", "Dump database shop"]));
        _output.Report(new StepFinishedEvent("Capture files", StepOutcome.Done, 3 * MiB, 12, 0.4));
        Run("Dump database shop", 10 * MiB, 40 * MiB);
        Assert.Equal("""
            Backup of platform shop in 2 steps (run r1)
              ✓ Capture files  3.00 MiB, 12 items, 0.4 s
              ⠙ Dump database shop   25 %  10.0 MiB of 40.0 MiB  3.33 …
            """, _screen.Text);
    }

    [Fact]
    public void A_document_of_somebody_else_commands_the_terminal_nothing_and_goes_to_a_file_as_it_is()
    {
        const string foreign = "# \e[2J\e]0;title\a\u202Egnp\u009B31m\r\na:\n\t\"b\\\"\n";
        var document = new DocumentEvent("profile.yaml", foreign);
        Assert.Equal("# \\x1b[2J\\x1b]0;title\\x07\\u{202e}gnp\\u{9b}31m\\r\na:\n\t\"b\\\"", string.Concat(document.Lines(new Style(Coloured: false, Unicode: false))));
        Assert.Equal(foreign, string.Concat(document.Lines(Style.Plain)) + "\n");
    }

    [Fact]
    public void The_live_line_gives_way_to_the_line_of_the_finished_step()
    {
        Run("Dump database shop", 10 * MiB, 40 * MiB);
        _output.Report(new StepFinishedEvent("Dump database shop", StepOutcome.Done, 40 * MiB, 0, 12));
        Assert.Equal("  ✓ Dump database shop  40.0 MiB, 12 s", _screen.Text);
    }

    [Fact]
    public void A_warning_stands_above_the_live_line()
    {
        Run("Capture files", MiB, 0);
        _output.Report(ProblemEvent.Warning(new Problem("HF-TEST", "One file is odd.", "Look at it.", ExitCode.Incomplete, Transient: false)));
        _clock.Advance(1);
        _output.Report(new StepProgressEvent("Capture files", MiB, null, 0, null));
        Assert.Equal("""
            warning: One file is odd. [HF-TEST]
              hint: Look at it.
              ⠹ Capture files  1.00 MiB
            """, _screen.Text);
    }

    [Fact]
    public void It_is_drawn_ten_times_a_second_at_most()
    {
        _output.Report(new StepStartedEvent("Capture files", 1, 1, null));
        for (var tick = 0; tick < 1000; tick++)
        {
            _clock.Advance(0.001);
            _output.Report(new StepProgressEvent("Capture files", tick, null, 0, null));
        }
        Assert.InRange(_screen.Writes, 2, 11);
    }

    [Fact]
    public void A_name_can_not_break_out_of_its_line()
    {
        _output.Report(new StepFinishedEvent("Dump \e[2J\nerror: fake", StepOutcome.Done, 0, 0, 1));
        Assert.Equal(@"  ✓ Dump \x1b[2J\nerror: fake  1.0 s", _screen.Text);
    }

    [Fact]
    public void The_live_line_is_gone_when_the_program_ends()
    {
        Run("Capture files", MiB, 0);
        _output.Dispose();
        Assert.Equal("", _screen.Text);
    }

    [Fact]
    public void Without_colours_no_escape_but_erasing_is_written()
    {
        var plain = string.Join('\n', new StepFinishedEvent("a", StepOutcome.Failed, 0, 0, 1).Lines(Style.Plain));
        var coloured = string.Join('\n', new StepFinishedEvent("a", StepOutcome.Failed, 0, 0, 1).Lines(new Style(Coloured: true, Unicode: true)));
        Assert.DoesNotContain('\e', plain);
        Assert.Contains("\e[31m✗\e[0m", coloured, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_has_columns_as_wide_as_their_content()
    {
        var table = new Table("ID", "SIZE", "HOST") { Figures = new HashSet<int> { 1 } };
        table.Add("a1", "5 B", "漢字");
        table.Add("b22", "1.00 KiB", "x\ny");
        _output.Report(table, []);
        Assert.Equal("""
            ID       SIZE  HOST
            a1        5 B  漢字
            b22  1.00 KiB  x\ny
            """, _screen.Text);
    }

    private void Run(string step, long done, long total)
    {
        var meter = new StepMeter(step, _clock);
        _output.Report(new StepStartedEvent(step, 1, 1, null));
        meter.Sample(0, total, 0, 0);
        _clock.Advance(3);
        _output.Report(meter.Sample(done, total, 0, 0));
    }

    private TerminalOutput Open(Style style) => new(new Sink(_screen), new Sink(_screen), _clock, style, () => 60, quiet: false);
}
