using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Xunit;

namespace Holdfast.Tests.Retention;

/// <summary>Expected instants are what Go's time.AddDate gives, with TZ=Europe/Berlin.</summary>
public sealed class CalendarSpanTests
{
    private static readonly TimeZoneInfo _berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    [InlineData("2y5m7d3h", 2, 5, 7, 3)]
    [InlineData("14d", 0, 0, 14, 0)]
    [InlineData("0d", 0, 0, 0, 0)]
    [InlineData("1d9999h", 0, 0, 1, 9999)]
    public void A_span_is_read_as_restic_reads_it(string text, int years, int months, int days, int hours) =>
        Assert.Equal(new CalendarSpan(years, months, days, hours), CalendarSpan.Parse(text));

    [Theory]
    [InlineData("14")]
    [InlineData("d")]
    [InlineData("2w")]
    [InlineData("12345d")]
    [InlineData("-1d")]
    public void What_is_no_span_is_refused(string text) =>
        Assert.Throws<FormatException>(() => CalendarSpan.Parse(text));

    [Theory]
    [InlineData("2026-03-31T12:00:00Z", "1m", "2026-03-03T12:00:00Z")]
    [InlineData("2024-02-29T12:00:00.000000001Z", "1y", "2023-03-01T12:00:00.000000001Z")]
    [InlineData("2026-11-28T01:00:00-05:00", "36h", "2026-11-26T13:00:00-05:00")]
    [InlineData("2026-03-29T12:00:00+02:00", "1d", "2026-03-28T11:00:00Z")] // 23 hours: summer time began in between
    [InlineData("2026-10-25T12:00:00+01:00", "1d", "2026-10-24T10:00:00Z")] // 25 hours
    [InlineData("2026-03-30T02:30:00+02:00", "1d", "2026-03-29T01:30:00Z")] // a wall-clock time that did not exist
    [InlineData("2026-03-29T12:00:00+03:00", "1d", "2026-03-28T09:00:00Z")] // not the local offset: a day has 24 hours
    [InlineData("2026-11-28T00:00:00Z", "9999y", "0000-01-01T00:00:00Z")]
    public void Years_months_and_days_are_counted_on_the_calendar(string instant, string span, string expected)
    {
        var before = CalendarSpan.Parse(span).Before(Timestamp.Parse(instant), _berlin);
        Assert.True(Timestamp.Parse(expected).IsSameInstant(before), before.ToString());
    }
}
