using Holdfast.Components.Systemd;
using Xunit;

namespace Holdfast.Tests.Systemd;

public sealed class StartOrderTests
{
    [Theory]
    [InlineData("a.service", "")]
    [InlineData("a.service b@1.service?; c\\x2dd.timer", "e.service f.service")]
    [InlineData("", "")]
    public void What_is_written_is_read_again(string waves, string stay)
    {
        var order = StartOrder.Parse(waves, stay);
        Assert.Equal((waves, stay), (order.ToText(), order.StayText()));
    }

    [Fact]
    public void What_was_stopped_last_is_started_first_and_nothing_is_named_twice()
    {
        var order = StartOrder.Parse("store.service; web.service", "old.service").Before(StartOrder.Parse("base.service web.service; tick.timer", "store.service gone.service"));
        Assert.Equal("store.service; web.service; base.service; tick.timer", order.ToText());
        Assert.Equal("old.service gone.service", order.StayText());
    }

    [Theory]
    [InlineData("1min 30s", 90)]
    [InlineData("500ms", 0.5)]
    [InlineData("2h 1min 5.5s", 7265.5)]
    [InlineData("0", 0)]
    [InlineData("1w 2d", 777600)]
    public void Times_of_systemd_are_understood(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), SystemdTime.Parse(text));

    [Theory]
    [InlineData("infinity")]
    [InlineData("")]
    [InlineData("5 parsecs")]
    public void What_is_no_time_has_no_end(string text) => Assert.Null(SystemdTime.Parse(text));

    [Theory]
    [InlineData("0::/system.slice/a.service\n", "/system.slice/a.service")]
    [InlineData("4:memory:/x\n1:name=systemd:/system.slice/b.service\n0::/\n", "/system.slice/b.service")]
    [InlineData("1:name=systemd:/\n0::/system.slice/c.service\n", "/system.slice/c.service")]
    [InlineData("", "")]
    public void The_control_group_is_systemds_own(string text, string group) => Assert.Equal(group, ControlGroups.Read(text));

    [Theory]
    [InlineData("/system.slice/a.service", "/system.slice/a.service", true)]
    [InlineData("/system.slice/a.service", "/system.slice/a.service/inner", true)]
    [InlineData("/system.slice/a.service", "/system.slice/a.service2", false)]
    [InlineData("/", "/system.slice/a.service", false)]
    [InlineData("", "", false)]
    public void A_group_holds_what_is_below_it(string outer, string inner, bool holds) => Assert.Equal(holds, ControlGroups.Holds(outer, inner));
}
