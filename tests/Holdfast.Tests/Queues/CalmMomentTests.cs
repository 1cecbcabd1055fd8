using Holdfast.Components.Queues.Capture;
using Xunit;

namespace Holdfast.Tests.Queues;

public sealed class CalmMomentTests
{
    private static readonly DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", 0, true)] // nothing is due at all
    [InlineData("10", 0, true)]
    [InlineData("0.6", 0, true)]
    [InlineData("0.4", 0.55, false)] // soon: after it has begun
    [InlineData("-0.05", 0.1, false)] // overdue, and beginning
    [InlineData("0.2 0.5 0.9 2", 1.05, false)] // the first pause that is long enough
    [InlineData("0.2 0.4 0.7 1.4 3", 0.85, false)]
    [InlineData("0.3 0.7 1.2 1.5 1.9 2.3 2.7 3.1", 0.85, false)] // none is: the longest
    public void A_calm_moment_lies_between_two_tasks(string due, double expected, bool isNow)
    {
        var times = due.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => At(double.Parse(text, System.Globalization.CultureInfo.InvariantCulture))).ToList();

        Assert.Equal(isNow, CalmMoment.IsCalm(times, _now));
        Assert.Equal(At(expected), CalmMoment.Find(times, _now, At(3)));
    }

    [Fact]
    public void What_is_calm_too_late_is_not_waited_for()
    {
        var times = Enumerable.Range(1, 100).Select(index => At(index * 0.2)).ToList();
        Assert.InRange(CalmMoment.Find(times, _now, At(3)), _now, At(3));
    }

    private static DateTimeOffset At(double seconds) => _now.AddSeconds(seconds);
}
