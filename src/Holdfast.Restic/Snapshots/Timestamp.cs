namespace Holdfast.Restic.Snapshots;

/// <summary>
/// An instant as restic writes it: RFC 3339 with nanoseconds and the offset of the writer's zone, which must survive
/// reading and writing for tree ids to stay the same.
/// </summary>
/// <param name="Seconds">Seconds since 1970-01-01T00:00:00Z; may be negative.</param>
/// <param name="Nanoseconds">0 to 999 999 999, added to the seconds.</param>
/// <param name="OffsetMinutes">Minutes east of UTC, for writing only.</param>
public readonly partial record struct Timestamp(long Seconds, int Nanoseconds, short OffsetMinutes);
