namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>The changes of a server's settings that switch archiving on, or off again.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="File">The file that is changed: that of ALTER SYSTEM.</param>
/// <param name="Changes">The changes in the order in which they are made; empty when none is necessary.</param>
/// <param name="Pending">Settings that were changed already and need a restart.</param>
/// <param name="Unit">
/// The systemd unit that runs the server; null where the profile names none, and an administrator must restart it.
/// </param>
public sealed record ArchivingPlan(string Cluster, string File, IReadOnlyList<SettingChange> Changes, IReadOnlyList<string> Pending, string? Unit)
{
    /// <summary>True when the changes take effect only after a restart of the server.</summary>
    public bool NeedsRestart => Pending.Count > 0 || Changes.Any(change => change.NeedsRestart);
}

/// <summary>A change of one setting.</summary>
/// <param name="Name">The setting: "archive_mode".</param>
/// <param name="From">The current value.</param>
/// <param name="To">The new value; null to reset it to that of the other configuration files.</param>
/// <param name="Source">Where the current value is set: a file and line, or "default".</param>
/// <param name="NeedsRestart">True when the change needs a restart; false when a reload is sufficient.</param>
public sealed record SettingChange(string Name, string From, string? To, string Source, bool NeedsRestart);
