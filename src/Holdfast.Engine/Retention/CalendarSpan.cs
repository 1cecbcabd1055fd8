using System.Globalization;
using System.Text;
using Holdfast.Restic;

namespace Holdfast.Engine.Retention;

/// <summary>
/// A length of time in years, months, days and hours, as <c>restic forget --keep-within</c> takes it: "2y5m7d3h".
/// Years, months and days are counted on the calendar. Source: restic 0.18, internal/restic/duration.go.
/// </summary>
public readonly record struct CalendarSpan(int Years, int Months, int Days, int Hours)
{
    private const long DaySeconds = 86_400;

    /// <summary>True for a span of zero length.</summary>
    public bool IsZero => this == default;

    /// <summary>
    /// Parses a text that matches the schema's "calendarSpan": numbers of up to 4 digits, each followed by y, m, d or
    /// h. Of a repeated unit the last number counts.
    /// </summary>
    /// <exception cref="FormatException">The text is anything else.</exception>
    public static CalendarSpan Parse(string text)
    {
        var span = default(CalendarSpan);
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 4)
                throw new FormatException($"'{text}' is not a length of time such as 14d or 1y6m.");
            var number = int.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            span = rest[digits] switch
            {
                'y' => span with { Years = number },
                'm' => span with { Months = number },
                'd' => span with { Days = number },
                'h' => span with { Hours = number },
                _ => throw new FormatException($"'{text}' has a unit other than y, m, d and h."),
            };
            rest = rest[(digits + 1)..];
        }
        return span;
    }

    /// <summary>
    /// The instant that is this span before another one. As in Go, the calendar is that of <paramref name="zone"/> when
    /// the instant has the offset that the zone had then, so that a day may have 23 or 25 hours; otherwise it is that
    /// of the instant's own offset. 31 March minus one month is 3 March (or 2).
    /// </summary>
    /// <param name="instant">The instant, with the offset of the clock that wrote it.</param>
    /// <param name="zone">The local time zone.</param>
    public Timestamp Before(Timestamp instant, TimeZoneInfo zone)
    {
        var offset = 60L * instant.OffsetMinutes;
        var local = instant.Seconds + offset;
        var days = Math.DivRem(local, DaySeconds, out var clock);
        if (clock < 0) (days, clock) = (days - 1, clock + DaySeconds);
        var date = DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(days));
        var months = (12L * (date.Year - Years)) + date.Month - 1 - Months;
        if (months < 12) return Timestamp.First;
        var first = new DateTime((int)(months / 12), (int)(months % 12) + 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var moved = new DateTimeOffset(first).ToUnixTimeSeconds() + ((date.Day - 1L - Days) * DaySeconds) + clock;
        // restic takes "Z" for UTC, never for the local zone.
        var isLocal = instant.OffsetMinutes != 0 && instant.In(zone).OffsetMinutes == instant.OffsetMinutes;
        return instant with { Seconds = (isLocal ? ToUtc(moved, zone) : moved - offset) - (3600L * Hours) };
    }

    /// <summary>The instant that is this span after another one, on the calendar at its offset.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The result is after the year 9999.</exception>
    public DateTimeOffset After(DateTimeOffset instant) =>
        instant.AddYears(Years).AddMonths(Months).AddDays(Days).AddHours(Hours);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (number, unit) in new[] { (Years, 'y'), (Months, 'm'), (Days, 'd'), (Hours, 'h') })
            if (number != 0) text.Append(CultureInfo.InvariantCulture, $"{number}{unit}");
        return text.ToString();
    }

    /// <summary>
    /// As Go's time.Date: the offset is the zone's at the wall-clock time taken as UTC, unless the zone has another
    /// one at the instant that follows from it.
    /// </summary>
    private static long ToUtc(long wallClock, TimeZoneInfo zone) =>
        wallClock - OffsetAt(wallClock - OffsetAt(wallClock, zone), zone);

    private static long OffsetAt(long seconds, TimeZoneInfo zone) =>
        60L * new Timestamp(seconds, 0, 0).In(zone).OffsetMinutes;
}
