using System.Text;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class PlainOutputTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _errors = new();

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
    }

    private static Problem Odd { get; } = new("HF-TEST", "It is odd.", "Look.", ExitCode.Failure, Transient: false);

    [Fact]
    public void Problems_go_to_standard_error_and_answers_to_standard_output()
    {
        using var output = Open(quiet: false);
        output.Report(new RecoverFinishedEvent(0, 0, 0));
        output.Report(ProblemEvent.Error(Odd));
        Assert.Equal("Nothing is owed: every run ended by itself.\n", Text(_output));
        Assert.Equal("error: It is odd. [HF-TEST]\n  hint: Look.\n", Text(_errors));
    }

    [Fact]
    public void A_code_from_a_foreign_manifest_moves_no_cursor()
    {
        using var output = Open(quiet: false);
        output.Report(ProblemEvent.Warning(Odd with { Code = "HF-X\e[31m\a" }));
        Assert.Contains(@"[HF-X\x1b[31m\x07]", Text(_errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Quiet_leaves_answers_and_problems_only()
    {
        using var output = Open(quiet: true);
        output.Report(new MessageEvent("Next: take a backup."));
        output.Report(new StepFinishedEvent("Capture files", StepOutcome.Done, 1, 1, 1));
        output.Report(ProblemEvent.Warning(Odd));
        output.Report(new RecoverFinishedEvent(0, 0, 0)); // what the timer asks each minute
        output.Report(new RecoverFinishedEvent(1, 2, 0));
        output.Report(new RecoverFinishedEvent(1, 0, 0));
        output.Report(new RecoverFinishedEvent(2, 1, 1));
        string[] lines = ["1 run had been cut off; 2 undos were done.", "1 run had been cut off; nothing had to be undone.", "2 runs had been cut off; 1 undo was done; 1 undo could not be done."];
        Assert.Equal(string.Concat(lines.Select(line => line + '\n')), Text(_output));
        Assert.StartsWith("warning:", Text(_errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A_migration_names_what_differed_and_says_so_when_it_was_only_templates()
    {
        using var output = Open(quiet: false);
        output.Report(new SearchFinishedEvent("migrated", "shop", ["documents", "stix"]) { Seconds = 2 });
        output.Report(new SearchFinishedEvent("migrated", "shop", []) { Seconds = 2 });
        Assert.Matches("^\n2 indices of platform shop migrated, [^:\n]+: documents, stix\\.\n\nTemplates of platform shop migrated, [^:\n]+\\.\n$", Text(_output));
    }

    [Fact]
    public void A_long_step_says_every_half_a_minute_how_far_it_is()
    {
        using var output = Open(quiet: false);
        output.Report(new StepStartedEvent("Capture files", 1, 1, null));
        for (var second = 0; second < 65; second++)
        {
            _clock.Advance(1);
            output.Report(new StepProgressEvent("Capture files", 1024, 2048, 0, null));
        }
        Assert.Equal(string.Concat(Enumerable.Repeat("  ... Capture files   50 %  1.00 KiB of 2.00 KiB\n", 2)), Text(_output));
    }

    [Fact]
    public void A_reader_that_goes_away_makes_it_silent_and_is_noticed()
    {
        using var output = new PlainOutput(new Sink(new ClosedPipe()), new Sink(_errors), _clock, quiet: false);
        output.Report(new RecoverFinishedEvent(0, 0, 0));
        output.Report(new RecoverFinishedEvent(0, 0, 0));
        Assert.True(output.Gone.IsCancellationRequested);
    }

    [Theory]
    [InlineData(0, 0, "")]
    [InlineData(1024, 0, "1.00 KiB")]
    [InlineData(1024, 4096, " 25 %  1.00 KiB of 4.00 KiB")]
    public void Only_known_figures_are_shown(long done, long total, string text) =>
        Assert.Equal(text, ProgressText.Of(new StepProgressEvent("s", done, total > 0 ? total : null, 0, null)));

    [Fact]
    public void Time_left_follows_from_the_rate_of_the_last_seconds()
    {
        var meter = new StepMeter("s", _clock);
        meter.Sample(0, 1000, 0, 0);
        for (var second = 0; second < 30; second++)
        {
            _clock.Advance(1);
            meter.Sample(second < 10 ? 0 : (second - 9) * 10, 1000, 0, 0);
        }
        var sample = meter.Sample(200, 1000, 0, 0);
        Assert.Equal(10, sample.BytesPerSecond!.Value, 1.0);
        Assert.Equal(80, sample.SecondsLeft!.Value, 8.0);
    }

    private PlainOutput Open(bool quiet) => new(new Sink(_output), new Sink(_errors), _clock, quiet);

    private static string Text(MemoryStream stream) => Encoding.UTF8.GetString(stream.ToArray());

    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
    }
}
