namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>What must change in a server's settings for archiving to be on, or off again.</summary>
/// <param name="Cluster">Whose.</param>
/// <param name="File">Where it is written: the file of ALTER SYSTEM.</param>
/// <param name="Changes">In the order in which they are made; none when all is as it should be.</param>
/// <param name="Pending">Settings that were changed already and wait for a restart.</param>
/// <param name="Unit">The unit of systemd that runs the server; null where the profile names none, and a person must restart it.</param>
public sealed record ArchivingPlan(string Cluster, string File, IReadOnlyList<SettingChange> Changes, IReadOnlyList<string> Pending, string? Unit)
{
    /// <summary>True when it takes effect only after a restart of the server.</summary>
    public bool NeedsRestart => Pending.Count > 0 || Changes.Any(change => change.NeedsRestart);
}

/// <summary>One setting.</summary>
/// <param name="Name">"archive_mode".</param>
/// <param name="From">Its value now.</param>
/// <param name="To">Its value then; null for what the other files say.</param>
/// <param name="Source">Where the value of now stands: a file and line, or "default".</param>
/// <param name="NeedsRestart">A restart is due; else a reload does.</param>
public sealed record SettingChange(string Name, string From, string? To, string Source, bool NeedsRestart);
