namespace Holdfast.Components.Postgres.Base;

/// <summary>
/// What tells a restored server to replay its WAL, and how far: a file of its own up to version 11, from 12 on settings beside a signal
/// file. Sources: PostgreSQL's manual, 26.3.5, "Recovering Using a Continuous Archive Backup", and the release notes of version 12.
/// </summary>
internal sealed record RecoverySettings(int Version, RecoveryTarget Target, string Timeline, bool Pause, string RestoreCommand)
{
    private const int Signals = 120_000;

    /// <summary>How far to replay can be said in one of these; two at once would keep the server from starting.</summary>
    private static readonly string[] Targets = ["recovery_target", "recovery_target_name", "recovery_target_time", "recovery_target_xid", "recovery_target_lsn"];

    /// <summary>What may be left of earlier recoveries.</summary>
    private static readonly string[] Own = [.. Targets, "recovery_target_inclusive", "recovery_target_action", "recovery_target_timeline", "restore_command"];

    /// <summary>Writes them into a data directory whose server is down.</summary>
    public void Write(string data)
    {
        if (Version < Signals)
        {
            File.WriteAllLines($"{data}/recovery.conf", Lines);
            return;
        }
        File.WriteAllLines(PathIn(data), Whole(data));
        File.WriteAllText($"{data}/recovery.signal", "");
    }

    /// <summary>Replaces what was written before, under a server that runs: its file is whole at any time. Returns its new path, for its owner; null where there is none.</summary>
    public string? Rewrite(string data)
    {
        if (Version < Signals) return null; // recovery.conf has become recovery.done
        var making = $"{PathIn(data)}.holdfast";
        File.WriteAllLines(making, Whole(data));
        File.SetUnixFileMode(making, File.GetUnixFileMode(PathIn(data)));
        return making;
    }

    public static string PathIn(string data) => $"{data}/postgresql.auto.conf";

    /// <summary>A copy that somebody looks at would archive under the names of the cluster that it is of, and later restores of that would follow the copy.</summary>
    public static void StopArchiving(string data) => File.AppendAllText(PathIn(data), "archive_mode = off\n");

    private IReadOnlyList<string> Whole(string data)
    {
        var kept = File.Exists(PathIn(data)) ? File.ReadAllLines(PathIn(data)).Where(line => !Own.Contains(NameOf(line), StringComparer.OrdinalIgnoreCase)) : [];
        return [.. kept, .. Lines];
    }

    private IEnumerable<string> Lines
    {
        get
        {
            yield return $"restore_command = {Quote(RestoreCommand)}";
            // What stands in postgresql.conf, from a recovery by hand long ago, does not count: the empty ones first, for the server takes a second target for a mistake.
            if (Version >= Signals)
                foreach (var other in Targets.Where(other => other != Target.Setting)) yield return $"{other} = ''";
            if (Target.Setting is { } setting) yield return $"{setting} = {Quote(Target.Value)}";
            if (Version >= Signals || Target.Setting is not null)
            {
                // An address is where a record ends that is wished for, and where the next one begins, which is not.
                yield return $"recovery_target_inclusive = {(Target.Setting == "recovery_target_lsn" ? "off" : "on")}";
                yield return $"recovery_target_action = '{(Pause ? "pause" : "promote")}'";
            }
            // Before version 12 "current" was what an unset one meant, and no word for it.
            if (Version >= Signals || Timeline != "current") yield return $"recovery_target_timeline = {Quote(Timeline)}";
        }
    }

    private static string NameOf(string line) => line.Split('=', 2)[0].Trim();

    /// <summary>As configuration files have it, and restore_command's own '%'.</summary>
    private static string Quote(string value) => $"'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
}
