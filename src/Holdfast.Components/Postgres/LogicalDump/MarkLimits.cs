namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>What the snapshot of one database may take.</summary>
/// <param name="Wait">How long it waits for tables that somebody alters, all together.</param>
/// <param name="Locks">How many tables it may lock: what is left of the server's shared lock table.</param>
internal readonly record struct MarkLimits(TimeSpan Wait, long Locks = long.MaxValue);
