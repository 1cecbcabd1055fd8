namespace Holdfast.Engine.Retention;

/// <summary>
/// Rules for the recovery points to keep, with the names and the meaning of <c>restic forget</c>. A count of 0 and an
/// empty span keep none; a point is kept when any rule keeps it.
/// </summary>
public sealed record KeepRules
{
    /// <summary>Keeps all, as "unlimited" does.</summary>
    public const int Unlimited = int.MaxValue;

    /// <summary>The number of newest points to keep.</summary>
    public int Last { get; init; }

    /// <summary>
    /// The number of hours of which the newest point is kept; hours without a point do not count. Likewise the others.
    /// </summary>
    public int Hourly { get; init; }
    public int Daily { get; init; }

    /// <summary>Weeks begin on Monday (ISO 8601).</summary>
    public int Weekly { get; init; }
    public int Monthly { get; init; }
    public int Yearly { get; init; }

    /// <summary>Keeps every point within this span, counted back from the newest.</summary>
    public CalendarSpan Within { get; init; }

    /// <summary>Keeps the newest point of each hour within this span; likewise the others.</summary>
    public CalendarSpan WithinHourly { get; init; }
    public CalendarSpan WithinDaily { get; init; }
    public CalendarSpan WithinWeekly { get; init; }
    public CalendarSpan WithinMonthly { get; init; }
    public CalendarSpan WithinYearly { get; init; }

    /// <summary>True when no rule keeps anything.</summary>
    public bool IsEmpty => this == new KeepRules();
}
