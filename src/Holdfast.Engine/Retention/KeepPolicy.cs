using System.Globalization;
using Holdfast.Restic;

namespace Holdfast.Engine.Retention;

/// <summary>
/// Applies <see cref="KeepRules"/> as <c>restic forget</c> does since 0.16: hours, days, weeks, months and years are
/// those of the time zone that each time was written in, and while a count is not used up the oldest point stays for
/// it. Source: restic 0.18, internal/restic/snapshot_policy.go.
/// </summary>
public static class KeepPolicy
{
    /// <summary>
    /// Begins the reasons of a point that stays only because it is the oldest and a count is not used up; restic
    /// before 0.16 removes it.
    /// </summary>
    public const string Oldest = "oldest ";

    /// <summary>
    /// The reasons for which each time is kept, in restic's words; a time without a reason is not kept.
    /// </summary>
    /// <param name="times">Newest first, none of them in the future.</param>
    /// <param name="rules">What is kept.</param>
    /// <param name="zone">The local time zone: in it days are subtracted for the rules with "within".</param>
    public static IReadOnlyList<IReadOnlyList<string>> Apply(
        IReadOnlyList<Timestamp> times, KeepRules rules, TimeZoneInfo zone)
    {
        if (times.Count == 0) return [];
        var within = rules.Within.IsZero ? (Timestamp?)null : rules.Within.Before(times[0], zone);
        var buckets = Buckets(rules, times[0], zone);
        var kept = new List<IReadOnlyList<string>>(times.Count);
        foreach (var (number, time) in times.Index())
        {
            var reasons = new List<string>();
            if (within is { } begin && time > begin) reasons.Add($"within {rules.Within}");
            foreach (var bucket in buckets)
                if (bucket.Keep(time, number, isOldest: number == times.Count - 1) is { } reason) reasons.Add(reason);
            kept.Add(reasons);
        }
        return kept;
    }

    private static List<Bucket> Buckets(KeepRules rules, Timestamp newest, TimeZoneInfo zone)
    {
        var all = new List<Bucket>();
        Count(rules.Last, (_, number) => number, "last");
        Count(rules.Hourly, Hour, "hourly");
        Count(rules.Daily, Day, "daily");
        Count(rules.Weekly, Week, "weekly");
        Count(rules.Monthly, Month, "monthly");
        Count(rules.Yearly, Year, "yearly");
        Within(rules.WithinHourly, Hour, "hourly");
        Within(rules.WithinDaily, Day, "daily");
        Within(rules.WithinWeekly, Week, "weekly");
        Within(rules.WithinMonthly, Month, "monthly");
        Within(rules.WithinYearly, Year, "yearly");
        return all;

        void Count(int count, Func<DateTime, int, int> value, string name)
        {
            if (count > 0) all.Add(new Bucket(count, null, value, $"{name} snapshot"));
        }

        void Within(CalendarSpan span, Func<DateTime, int, int> value, string name)
        {
            if (span.IsZero) return;
            all.Add(new Bucket(KeepRules.Unlimited, span.Before(newest, zone), value, $"{name} within {span}"));
        }
    }

    private static int Hour(DateTime time, int number) => (100 * Day(time, number)) + time.Hour;

    private static int Day(DateTime time, int number) => (100 * Month(time, number)) + time.Day;

    private static int Week(DateTime time, int number) => (100 * ISOWeek.GetYear(time)) + ISOWeek.GetWeekOfYear(time);

    private static int Month(DateTime time, int number) => (100 * time.Year) + time.Month;

    private static int Year(DateTime time, int number) => time.Year;

    /// <summary>One rule: the newest of each value is kept, while the count lasts and after an instant.</summary>
    private sealed class Bucket(int count, Timestamp? begin, Func<DateTime, int, int> value, string name)
    {
        private int _left = count;
        private int _last = -1;

        public string? Keep(Timestamp time, int number, bool isOldest)
        {
            if (_left == 0 || (begin is { } first && time <= first)) return null;
            var mine = value(time.ToDateTimeOffset().DateTime, number);
            var isNew = mine != _last;
            if (!isNew && !isOldest) return null;
            _last = mine;
            if (_left != KeepRules.Unlimited) _left--;
            return isNew ? name : Oldest + name;
        }
    }
}
