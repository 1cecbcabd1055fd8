using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Systemd;

/// <summary>Starts of units that never end, with a systemd that a test makes up and a clock that it moves.</summary>
public sealed class UnitStarterTests
{
    private static readonly StartOrder Order = StartOrder.Parse("slow.service; web.service", "");

    private readonly ManualClock _clock = new();
    private readonly Dictionary<string, long> _started = new(StringComparer.Ordinal);

    [Theory]
    [InlineData("infinity", null, "5 min", 120)]
    [InlineData("20s", null, "25 s", 25)]
    [InlineData("10min", null, "605 s", 120)]
    [InlineData("infinity", 200, "200 s", 200)]
    [InlineData("10min", 3, "3 s", 3)]
    public async Task A_unit_whose_start_never_ends_keeps_the_next_ones_waiting_for_a_while_and_is_named_at_its_limit(string own, int? wished, string limit, int kept)
    {
        var starter = Starter(own, wished);
        var began = _clock.GetTimestamp();
        var starting = Record.ExceptionAsync(() => starter.StartAllAsync(Order, TestContext.Current.CancellationToken));
        while (!starting.IsCompleted)
        {
            await Eventually.HoldsAsync("it waits or has ended", () => starting.IsCompleted || _clock.Waiting > 0);
            _clock.Advance(TimeSpan.FromSeconds(_started.ContainsKey("web.service") ? 60 : 1));
        }
        var problem = Assert.IsType<ProblemException>(await starting).Problem;
        Assert.Equal(Catalogue.UnitDown.Code, problem.Code);
        Assert.Contains($"slow.service did not come up within {limit} and is activating", problem.Message, StringComparison.Ordinal);
        Assert.InRange(_clock.GetElapsedTime(began, _started["web.service"]).TotalSeconds, kept, kept + 1);
    }

    [Fact]
    public async Task An_attempt_after_one_that_has_waited_to_the_limit_waits_no_more()
    {
        _started["slow.service"] = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(301));
        var failed = await Assert.ThrowsAsync<ProblemException>(() => Starter("infinity").StartAllAsync(Order, TestContext.Current.CancellationToken)); // the clock stands still
        Assert.Contains("slow.service did not come up within 5 min", failed.Message, StringComparison.Ordinal);
        Assert.True(_started.ContainsKey("web.service"));
    }

    private UnitStarter Starter(string own, int? wished = null)
    {
        var group = new ServiceGroup { Name = "slow", Units = ["slow.service"], StartTimeout = wished is { } seconds ? TimeSpan.FromSeconds(seconds) : null };
        var host = new ScriptedHost().On("systemctl", call => new ScriptedHost.Answer(Answer(call, own)));
        return new UnitStarter(new Systemctl(host), new PlatformSettings { Groups = [group], Settle = TimeSpan.Zero }, _clock);
    }

    private string Answer(ProgramCall call, string own)
    {
        var names = call.Arguments.SkipWhile(word => word != "--").Skip(1);
        if (call.Arguments[0] == "show") return string.Join("\n\n", names.Select(name => Show(name, own)));
        if (call.Arguments[0] == "start") foreach (var name in names) _started.TryAdd(name, _clock.GetTimestamp());
        return "";
    }

    private string Show(string name, string own)
    {
        var since = _started.GetValueOrDefault(name);
        var state = since == 0 ? "inactive" : name == "web.service" ? "active" : "activating";
        return $"Id={name}\nLoadState=loaded\nActiveState={state}\nJob={(state == "activating" ? 7 : 0)}\nType=notify\nTimeoutStartUSec={own}\nInactiveExitTimestampMonotonic={since / TimeSpan.TicksPerMicrosecond}";
    }
}
