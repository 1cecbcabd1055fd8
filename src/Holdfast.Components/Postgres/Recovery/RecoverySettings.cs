using System.Text.RegularExpressions;
using Holdfast.Components.Postgres.DataDirectory;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// The settings that make a restored server replay its WAL up to the target: recovery.conf up to version 11, and from
/// version 12 on settings with a signal file. Recovery settings of the captured cluster are overridden, and when the
/// recovery is complete the server itself removes all of them from its file. Sources: PostgreSQL's manual, 20.5.5
/// "Archive Recovery", 20.6.3 "Standby Servers" and 26.3.5, and the release notes of version 12.
/// </summary>
internal sealed partial record RecoverySettings(int Version, RecoveryTarget Target, string Timeline, bool Pause, string RestoreCommand)
{
    /// <summary>The file that ALTER SYSTEM writes, in the data directory.</summary>
    public const string FileName = "postgresql.auto.conf";

    private const int Signals = 120_000, NoTrigger = 160_000, LargestFile = 16 << 20;

    /// <summary>The settings of the recovery target; with two of them the server does not start.</summary>
    private static readonly string[] Targets = ["recovery_target", "recovery_target_name", "recovery_target_time", "recovery_target_xid", "recovery_target_lsn"];

    /// <summary>Settings that earlier recoveries may have left.</summary>
    private static readonly string[] Own = [.. Targets, "recovery_target_inclusive", "recovery_target_action", "recovery_target_timeline", "restore_command"];

    /// <summary>Other settings that act during a recovery, with the value that disables them.</summary>
    private static readonly (string Name, string Value)[] Others =
    [
        ("archive_cleanup_command", "''"), ("recovery_end_command", "''"), ("recovery_min_apply_delay", "0"), ("primary_conninfo", "''"), ("primary_slot_name", "''"),
        ("promote_trigger_file", "''"), ("hot_standby", "on"),
    ];

    private static readonly string[] All = [.. Own, .. Others.Select(other => other.Name)];

    /// <summary>
    /// Writes the settings into a data directory whose server is stopped, as the user that the calling thread acts as.
    /// </summary>
    /// <param name="data">The data directory.</param>
    /// <param name="archives">
    /// False for a copy that is only inspected: it would archive under the name of the original cluster, and later
    /// restores of that cluster would follow the copy's timeline.
    /// </param>
    /// <returns>The recovery settings of the captured cluster that are overridden, with their files.</returns>
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

    /// <summary>Disables archiving in a cluster that needs no recovery.</summary>
    public static void StopArchiving(string data) => ClusterFolder.Write(data, FileName, Text([.. Read(data, FileName), NoArchiving]));

    private const string NoArchiving = "archive_mode = off";

    /// <summary>
    /// Finds recovery settings in the files of the captured cluster: "restore_command = 'x' (postgresql.conf)".
    /// </summary>
    private static IReadOnlyList<string> Find(string data) =>
    [
        .. from file in (string[])["postgresql.conf", FileName]
           from line in Read(data, file)
           where All.Contains(NameOf(line), StringComparer.OrdinalIgnoreCase) && !IsEmpty(line)
           select $"{line.Split('#')[0].Trim()} ({file})",
    ];

    private static IEnumerable<string> Kept(string data) => Read(data, FileName).Where(line => !All.Contains(NameOf(line), StringComparer.OrdinalIgnoreCase));

    /// <summary>
    /// Reads the lines of a file. Anything but a small regular file is skipped, and left to the server.
    /// </summary>
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

    /// <summary>
    /// The command that removes the settings. The server runs it after recovery, before it accepts connections that
    /// write; the working directory of the command is the data directory.
    /// </summary>
    private static string EndCommand => $"sed -i -E '/^[[:space:]]*({string.Join('|', All)})[[:space:]=]/Id' {FileName}";

    private IEnumerable<string> Neutral => Others.Where(other => other.Name != "promote_trigger_file" || Version < NoTrigger)
        .Select(other => $"{other.Name} = {(other.Name == "recovery_end_command" ? Quote(EndCommand) : other.Value)}");

    private IEnumerable<string> Lines
    {
        get
        {
            yield return $"restore_command = {Quote(RestoreCommand)}";
            // Settings left in postgresql.conf by an earlier manual recovery must not apply. The empty ones come first,
            // because the server rejects a second target.
            if (Version >= Signals)
                foreach (var other in Targets.Where(other => other != Target.Setting)) yield return $"{other} = ''";
            if (Target.Setting is { } setting) yield return $"{setting} = {Quote(Target.Value)}";
            if (Version >= Signals || Target.Setting is not null)
            {
                yield return $"recovery_target_inclusive = {(Target.IsExclusive ? "off" : "on")}";
                yield return $"recovery_target_action = '{(Pause ? "pause" : "promote")}'";
            }
            // Before version 12 "current" was the default and could not be written.
            if (Version >= Signals || Timeline != "current") yield return $"recovery_target_timeline = {Quote(Timeline)}";
        }
    }

    private static string NameOf(string line) => Name().Match(line).Groups["name"].Value;

    /// <summary>Returns true for a setting with an empty value, such as the lines of an earlier restore.</summary>
    private static bool IsEmpty(string line) => line.Split('#')[0].TrimEnd().EndsWith("''", StringComparison.Ordinal);

    private static string Text(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + '\n'));

    /// <summary>
    /// Quotes a value for a configuration file; '%' is not changed, because it has a meaning in restore_command.
    /// </summary>
    private static string Quote(string value) => $"'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>
    /// A setting's name and its value; the equals sign between them is optional. Source: PostgreSQL's manual, 20.1.2.
    /// </summary>
    [GeneratedRegex(@"^\s*(?<name>[A-Za-z_]+)(\s|=)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
