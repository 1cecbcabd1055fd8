using System.Globalization;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Retention;

/// <summary>The settings under 'retention' of a profile.</summary>
public sealed record RetentionSettings
{
    /// <summary>The rules for the points to keep; without a rule every point is kept.</summary>
    public KeepRules Keep { get; init; } = new();

    /// <summary>Nothing is removed while the newest complete point is older than this; null for no limit.</summary>
    public CalendarSpan? StaleAfter { get; init; }

    /// <summary>The rules are applied after each complete backup.</summary>
    public bool AfterBackup { get; init; }

    /// <summary>
    /// The length of time in which any instant must remain restorable where WAL is archived; null for no guarantee.
    /// </summary>
    public CalendarSpan? WalWindow { get; init; }

    /// <summary>How long archives of messages are kept before the newest complete point; null for ever.</summary>
    public CalendarSpan? MessagesKept { get; init; }

    public IReadOnlyList<Pin> Pins { get; init; } = [];

    /// <summary>Reads the settings; null when the profile has no 'retention'.</summary>
    public static RetentionSettings? Of(Profile profile)
    {
        if (profile.Root.Find("retention") is not { } retention) return null;
        var points = retention.Find("points");
        return new RetentionSettings
        {
            Keep = points is null ? new KeepRules() : RulesOf(points),
            StaleAfter = points is null ? null : SpanOf(points, "stale-after"),
            AfterBackup = points?.Find("after-backup")?.Boolean ?? false,
            WalWindow = retention.Find("wal") is { } wal ? SpanOf(wal, "window") : null,
            MessagesKept = retention.Find("messages") is { } messages ? SpanOf(messages, "keep") : null,
            Pins = [.. (retention.Find("pins")?.Items ?? []).Select(PinOf)],
        };
    }

    /// <summary>Reads rules in the form of 'retention.points'.</summary>
    internal static KeepRules RulesOf(ProfileNode points) => new()
    {
        Last = CountOf(points, "keep-last"),
        Hourly = CountOf(points, "keep-hourly"),
        Daily = CountOf(points, "keep-daily"),
        Weekly = CountOf(points, "keep-weekly"),
        Monthly = CountOf(points, "keep-monthly"),
        Yearly = CountOf(points, "keep-yearly"),
        Within = SpanOf(points, "keep-within") ?? default,
        WithinHourly = SpanOf(points, "keep-within-hourly") ?? default,
        WithinDaily = SpanOf(points, "keep-within-daily") ?? default,
        WithinWeekly = SpanOf(points, "keep-within-weekly") ?? default,
        WithinMonthly = SpanOf(points, "keep-within-monthly") ?? default,
        WithinYearly = SpanOf(points, "keep-within-yearly") ?? default,
    };

    private static int CountOf(ProfileNode points, string key) =>
        points.Find(key) is not { } count ? 0 : count.Text == "unlimited" ? KeepRules.Unlimited : count.Integer;

    private static CalendarSpan? SpanOf(ProfileNode node, string key) =>
        node.Find(key) is { } span ? CalendarSpan.Parse(span.Text) : null;

    private static Pin PinOf(ProfileNode pin) => new(pin["point"].Text, pin["reason"].Text, DayOf(pin.Find("until")));

    private static DateOnly? DayOf(ProfileNode? day) =>
        day is null ? null : DateOnly.ParseExact(day.Text, "yyyy-MM-dd", CultureInfo.InvariantCulture);
}
