using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class JsonOutputTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly MemoryStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Fact]
    public void A_problem_is_one_line_with_its_code_and_hint()
    {
        Report(ProblemEvent.Error(new Problem("HF-TEST", "A name\nwith a break.", "Look.", ExitCode.Locked, Transient: true)));
        Assert.Equal("""{"event":"problem","time":"2026-11-22T22:00:00+00:00","severity":"error","code":"HF-TEST","message":"A name\nwith a break.","hint":"Look.","transient":true,"exit_code":11,"details":[]}""" + "\n", Text);
    }

    [Fact]
    public void Figures_that_are_not_known_are_absent()
    {
        using var output = new JsonOutput(new Sink(_stream), _clock, quiet: false);
        _clock.Advance(2);
        output.Report(new StepProgressEvent("s", 5, null, 0, null));
        Assert.Equal("""{"event":"step_progress","time":"2026-11-22T22:00:02+00:00","step":"s","bytes_done":5,"items_done":0}""" + "\n", Text);
    }

    [Fact]
    public void Progress_is_told_once_a_second_at_most()
    {
        using var output = new JsonOutput(new Sink(_stream), _clock, quiet: false);
        for (var tick = 0; tick < 50; tick++)
        {
            _clock.Advance(0.1);
            output.Report(new StepProgressEvent("s", tick, null, 0, null));
        }
        Assert.InRange(Text.Split('\n').Length, 4, 6);
    }

    [Fact]
    public void A_list_is_one_event_a_row()
    {
        using var output = new JsonOutput(new Sink(_stream), _clock, quiet: false);
        output.Report(new Table("ID"), [new LockEvent("a", Exclusive: false, "h", "u", 1, Stale: false), new LockEvent("b", Exclusive: true, "h", "u", 1, Stale: true)]);
        Assert.Equal("a b", string.Join(' ', Text.TrimEnd().Split('\n').Select(line => (string?)JsonNode.Parse(line)!["id"])));
    }

    [Fact]
    public void Every_event_is_described_in_the_documentation()
    {
        var document = File.ReadAllText(SourceTree.PathOf("docs/json-events.md"));
        var types = typeof(OutputEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().ToList();
        Assert.NotEmpty(types);
        foreach (var type in types)
        {
            Assert.Contains($"### {type.TypeDiscriminator}\n", document, StringComparison.Ordinal);
            foreach (var property in type.DerivedType.GetProperties().Where(IsWritten))
                Assert.Contains($"`{JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)}`", document, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_kind_of_event_has_a_name() =>
        Assert.Equal(
            typeof(OutputEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(OutputEvent))).OrderBy(type => type.Name, StringComparer.Ordinal),
            typeof(OutputEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(derived => derived.DerivedType).OrderBy(type => type.Name, StringComparer.Ordinal));

    private static bool IsWritten(PropertyInfo property) => property.GetCustomAttribute<JsonIgnoreAttribute>() is null;

    private void Report(OutputEvent told)
    {
        using var output = new JsonOutput(new Sink(_stream), _clock, quiet: false);
        output.Report(told);
    }

    private string Text => Encoding.UTF8.GetString(_stream.ToArray());
}
