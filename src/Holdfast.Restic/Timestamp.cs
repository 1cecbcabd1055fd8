namespace Holdfast.Restic;

/// <summary>
/// An instant in restic's format: RFC 3339 with nanoseconds and the offset of the writer's zone, which must be
/// preserved for tree ids to stay the same. Two are equal when all three parts are; they are ordered by instant.
/// </summary>
/// <param name="Seconds">Seconds since 1970-01-01T00:00:00Z; may be negative.</param>
/// <param name="Nanoseconds">0 to 999 999 999, added to the seconds.</param>
/// <param name="OffsetMinutes">Minutes east of UTC, for writing only.</param>
public readonly partial record struct Timestamp(long Seconds, int Nanoseconds, short OffsetMinutes) : IComparable<Timestamp>
{
    // The first and the last second that RFC 3339 can name: of year 0 and of year 9999.
    internal const long FirstSecond = -62_167_219_200, LastSecond = 253_402_300_799;

    /// <summary>The first second that RFC 3339 can name, of year 0.</summary>
    public static Timestamp First => new(FirstSecond, 0, 0);

    /// <summary>Returns the instant, with the offset of the given one.</summary>
    public static Timestamp FromDateTimeOffset(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        return new Timestamp(seconds, (int)rest * 100, (short)time.Offset.TotalMinutes);
    }

    /// <summary>Returns the current time of a clock, in its local zone.</summary>
    public static Timestamp Now(TimeProvider clock) => FromDateTimeOffset(clock.GetLocalNow());

    /// <summary>Returns the same instant with the offset of a zone at that time.</summary>
    public Timestamp In(TimeZoneInfo zone)
    {
        var known = Math.Clamp(Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return this with { OffsetMinutes = (short)zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(known)).TotalMinutes };
    }

    /// <summary>
    /// Returns the instant to 100 nanoseconds; years outside 1 to 9999 become the nearest that .NET supports.
    /// </summary>
    public DateTimeOffset ToDateTimeOffset()
    {
        var offset = TimeSpan.FromMinutes(OffsetMinutes);
        var first = DateTimeOffset.MinValue.ToUnixTimeSeconds() + 86_400;
        var last = DateTimeOffset.MaxValue.ToUnixTimeSeconds() - 86_400;
        return DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(Seconds, first, last)).AddTicks(Nanoseconds / 100).ToOffset(offset);
    }

    /// <summary>Returns true when both are the same instant, regardless of their offsets.</summary>
    public bool IsSameInstant(Timestamp other) => Seconds == other.Seconds && Nanoseconds == other.Nanoseconds;

    /// <inheritdoc/>
    public int CompareTo(Timestamp other)
    {
        var order = Seconds.CompareTo(other.Seconds);
        return order == 0 ? Nanoseconds.CompareTo(other.Nanoseconds) : order;
    }

    public static bool operator <(Timestamp left, Timestamp right) => left.CompareTo(right) < 0;
    public static bool operator >(Timestamp left, Timestamp right) => left.CompareTo(right) > 0;
    public static bool operator <=(Timestamp left, Timestamp right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Timestamp left, Timestamp right) => left.CompareTo(right) >= 0;
}
