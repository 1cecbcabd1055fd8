namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>The limits for the snapshot of one database.</summary>
/// <param name="Wait">The total time that it waits for tables that other sessions alter.</param>
/// <param name="Locks">How many tables it may lock: the free part of the server's shared lock table.</param>
internal readonly record struct MarkLimits(TimeSpan Wait, long Locks = long.MaxValue);
