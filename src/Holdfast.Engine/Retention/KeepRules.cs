namespace Holdfast.Engine.Retention;

/// <summary>
/// How many recovery points stay, with the names and the meaning of <c>restic forget</c>. A count of 0 and a span of
/// nothing keep none; a point stays when any rule keeps it.
/// </summary>
public sealed record KeepRules
{
    /// <summary>Keeps all, as "unlimited" does.</summary>
    public const int Unlimited = int.MaxValue;

    /// <summary>So many of the newest.</summary>
    public int Last { get; init; }

    /// <summary>The newest of each hour, of so many hours that have one; likewise the others.</summary>
    public int Hourly { get; init; }
    public int Daily { get; init; }

    /// <summary>Weeks begin on Monday (ISO 8601).</summary>
    public int Weekly { get; init; }
    public int Monthly { get; init; }
    public int Yearly { get; init; }

    /// <summary>Everything that is not older than this, counted back from the newest.</summary>
    public CalendarSpan Within { get; init; }

    /// <summary>The newest of each hour of this time; likewise the others.</summary>
    public CalendarSpan WithinHourly { get; init; }
    public CalendarSpan WithinDaily { get; init; }
    public CalendarSpan WithinWeekly { get; init; }
    public CalendarSpan WithinMonthly { get; init; }
    public CalendarSpan WithinYearly { get; init; }

    /// <summary>True when no rule keeps anything.</summary>
    public bool IsEmpty => this == new KeepRules();
}
