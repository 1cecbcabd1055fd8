using System.Text.RegularExpressions;
using Holdfast.Components.Postgres.DataDirectory;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// What makes a restored server replay its WAL, and how far: a file of its own up to version 11, from 12 on settings beside a signal file. Settings of
/// the captured cluster that act during a recovery are overridden, and when the recovery is over the server itself removes all of them from its file.
/// Sources: PostgreSQL's manual, 20.5.5 "Archive Recovery", 20.6.3 "Standby Servers" and 26.3.5, and the release notes of version 12.
/// </summary>
internal sealed partial record RecoverySettings(int Version, RecoveryTarget Target, string Timeline, bool Pause, string RestoreCommand)
{
    /// <summary>The file that ALTER SYSTEM writes, in the data directory.</summary>
    public const string FileName = "postgresql.auto.conf";

    private const int Signals = 120_000, NoTrigger = 160_000, LargestFile = 16 << 20;

    /// <summary>How far to replay can be said in one of these; two at once would keep the server from starting.</summary>
    private static readonly string[] Targets = ["recovery_target", "recovery_target_name", "recovery_target_time", "recovery_target_xid", "recovery_target_lsn"];

    /// <summary>What may be left of earlier recoveries.</summary>
    private static readonly string[] Own = [.. Targets, "recovery_target_inclusive", "recovery_target_action", "recovery_target_timeline", "restore_command"];

    /// <summary>What else acts during a recovery, and the value with which it does nothing.</summary>
    private static readonly (string Name, string Value)[] Others =
    [
        ("archive_cleanup_command", "''"), ("recovery_end_command", "''"), ("recovery_min_apply_delay", "0"), ("primary_conninfo", "''"), ("primary_slot_name", "''"),
        ("promote_trigger_file", "''"), ("hot_standby", "on"),
    ];

    private static readonly string[] All = [.. Own, .. Others.Select(other => other.Name)];

    /// <summary>Writes them into a data directory whose server is down, as the user that the calling thread acts as.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="archives">False for a copy that somebody looks at: it would archive under the names of the cluster that it is of, and later restores of that would follow the copy.</param>
    /// <returns>The settings of the captured cluster that act during a recovery, and are not used in this one, with their files.</returns>
    public IReadOnlyList<string> Write(string data, bool archives)
    {
        var passed = Find(data);
        string[] last = archives ? [] : [NoArchiving];
        if (Version < Signals)
        {
            ClusterFolder.Write(data, "recovery.conf", Text(Lines));
            if (!archives) StopArchiving(data);
            return passed;
        }
        ClusterFolder.Write(data, FileName, Text([.. Kept(data), .. Neutral, .. Lines, .. last]));
        ClusterFolder.Write(data, "recovery.signal", "");
        File.Delete($"{data}/standby.signal");
        return passed;
    }

    /// <summary>The same for a cluster that needs no recovery.</summary>
    public static void StopArchiving(string data) => ClusterFolder.Write(data, FileName, Text([.. Read(data, FileName), NoArchiving]));

    private const string NoArchiving = "archive_mode = off";

    /// <summary>Settings that act during a recovery, as they are in the files of the captured cluster: "restore_command = 'x' (postgresql.conf)".</summary>
    private static IReadOnlyList<string> Find(string data) =>
    [
        .. from file in (string[])["postgresql.conf", FileName]
           from line in Read(data, file)
           where All.Contains(NameOf(line), StringComparer.OrdinalIgnoreCase) && !IsEmpty(line)
           select $"{line.Split('#')[0].Trim()} ({file})",
    ];

    private static IEnumerable<string> Kept(string data) => Read(data, FileName).Where(line => !All.Contains(NameOf(line), StringComparer.OrdinalIgnoreCase));

    /// <summary>What is no small regular file is not read: the server has its own opinion of it.</summary>
    private static string[] Read(string data, string name)
    {
        try
        {
            return ClusterFolder.ReadText($"{data}/{name}", LargestFile)?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
        }
        catch (IOException) when (name != FileName)
        {
            return [];
        }
    }

    /// <summary>The server removes them when it has recovered, before it takes connections that write; the working directory of the command is the data directory.</summary>
    private static string EndCommand => $"sed -i -E '/^[[:space:]]*({string.Join('|', All)})[[:space:]=]/Id' {FileName}";

    private IEnumerable<string> Neutral => Others.Where(other => other.Name != "promote_trigger_file" || Version < NoTrigger)
        .Select(other => $"{other.Name} = {(other.Name == "recovery_end_command" ? Quote(EndCommand) : other.Value)}");

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
                yield return $"recovery_target_inclusive = {(Target.IsExclusive ? "off" : "on")}";
                yield return $"recovery_target_action = '{(Pause ? "pause" : "promote")}'";
            }
            // Before version 12 "current" was what an unset one meant, and no word for it.
            if (Version >= Signals || Timeline != "current") yield return $"recovery_target_timeline = {Quote(Timeline)}";
        }
    }

    private static string NameOf(string line) => Name().Match(line).Groups["name"].Value;

    /// <summary>True for a setting that says nothing, as the lines of an earlier restore do.</summary>
    private static bool IsEmpty(string line) => line.Split('#')[0].TrimEnd().EndsWith("''", StringComparison.Ordinal);

    private static string Text(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + '\n'));

    /// <summary>As configuration files have it, and restore_command's own '%'.</summary>
    private static string Quote(string value) => $"'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A name and a value; the sign between them may be left out. Source: PostgreSQL's manual, 20.1.2.</summary>
    [GeneratedRegex(@"^\s*(?<name>[A-Za-z_]+)(\s|=)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
