using System.ComponentModel;
using System.Globalization;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;

namespace Holdfast.Cli.Setup;

/// <summary>Reads how servers are reached out of their own files.</summary>
internal static class ServerSearch
{
    /// <summary>No configuration is longer; 1 MiB.</summary>
    private const int LargestFile = 1 << 20;

    /// <summary>
    /// The cluster that a unit runs; null when it runs none. PostgreSQL works in its data directory, where postmaster.pid has the port in the
    /// fourth line and the directory of the socket in the fifth. Source: PostgreSQL's src/include/utils/pidfile.h.
    /// </summary>
    public static FoundCluster? ClusterOf(RunningUnit unit)
    {
        if (unit.Process is not { } process || UnitRoles.KindOf(unit) != ProgramKind.Postgres) return null;
        var folder = new FileInfo($"/proc/{process.Id}/cwd").LinkTarget ?? "";
        var lines = TextOf(Path.Combine(folder, "postmaster.pid")).Split('\n');
        if (lines.Length < 5 || !int.TryParse(lines[3], NumberStyles.None, CultureInfo.InvariantCulture, out var port)) return null;
        var socket = lines[4].Trim();
        return new FoundCluster(folder, socket.Length > 0 ? socket : "127.0.0.1", port, UserNames.Of(process.User), unit.Name);
    }

    /// <summary>
    /// The connection to the Redis of a unit, as YAML in one line; null when the unit does not run Redis. The password
    /// stays where it is: the profile names the program that reads it from Redis' own configuration, as the user who
    /// can replace that file.
    /// </summary>
    public static string? RedisConnectionOf(RunningUnit unit)
    {
        if (UnitRoles.KindOf(unit) != ProgramKind.Redis) return null;
        var configuration = RedisConfigurationOf(unit);
        var settings = configuration is null ? [] : SettingsOf(TextOf(configuration));
        var parts = new List<string>();
        if (settings.GetValueOrDefault("unixsocket") is { Length: > 0 } socket) parts.Add($"socket: {YamlText.Of(socket)}");
        else parts.Add($"host: 127.0.0.1, port: {settings.GetValueOrDefault("port", "6379")}");
        if (configuration is not null && settings.ContainsKey("requirepass"))
            parts.Add($"password: {{ command: [{AsKeeper(configuration)}/usr/bin/sed, -n, {YamlText.Quoted("s/^ *requirepass  *\"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\} *$/\\1/p")}, {YamlText.Of(configuration)}] }}");
        return $"{{ {string.Join(", ", parts)} }}";
    }

    /// <summary>The configuration that a unit of Redis names; null when it names none.</summary>
    public static string? RedisConfigurationOf(RunningUnit unit) => unit.Command.FirstOrDefault(word => word.StartsWith('/') && word.EndsWith(".conf", StringComparison.Ordinal));

    /// <summary>
    /// The words that run the rest of a command as the user who could replace a file by a symlink to a file of root; ""
    /// where only root can.
    /// </summary>
    private static string AsKeeper(string path) =>
        TrustedPath.Keeper(path) is { User: not 0 and var user } ? string.Concat(LocalHost.WordsAs(user).Select(word => $"{YamlText.Of(word)}, ")) : "";

    /// <summary>The search engine that a unit runs; null when it runs none.</summary>
    public static FoundEngine? EngineOf(RunningUnit unit)
    {
        var name = UnitRoles.KindOf(unit) switch { ProgramKind.Elasticsearch => "elasticsearch", ProgramKind.OpenSearch => "opensearch", _ => null };
        if (name is null || unit.Process is not { } process) return null;
        const string Folder = ".path.conf=";
        var folder = process.Arguments.Where(word => word.StartsWith("-D", StringComparison.Ordinal) && word.Contains(Folder, StringComparison.Ordinal)).Select(word => word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..]).FirstOrDefault();
        var configuration = folder is null ? null : Path.Combine(folder, $"{name}.yml");
        var settings = configuration is null ? [] : SettingsOf(TextOf(configuration).Replace(": ", " ", StringComparison.Ordinal));
        var location = settings.GetValueOrDefault("path.repo")?.Trim('[', ']', ' ').Split(',')[0].Trim('"', '\'', ' ');
        return new FoundEngine(name, $"http://127.0.0.1:{settings.GetValueOrDefault("http.port", "9200")}", configuration, string.IsNullOrEmpty(location) ? null : location, unit.Name);
    }

    /// <summary>"name value" in each line, as Redis' configuration has them; the last of a name counts, and quotes around a value are left out.</summary>
    private static Dictionary<string, string> SettingsOf(string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith('#') && line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end) settings[line[..end]] = line[(end + 1)..].Trim().Trim('"');
        }
        return settings;
    }

    /// <summary>The text of a file that a unit names, whose user may own it; "" where that cannot be read.</summary>
    public static string TextOf(string path) => Read(path).Text;

    /// <summary>Why a file that a unit names cannot be read, as part of a sentence; null when it can.</summary>
    public static string? WhyUnreadable(string path) => Read(path).Refusal;

    private static (string Text, string? Refusal) Read(string path)
    {
        try
        {
            return (TrustedPath.ReadText(path, LargestFile), null);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return ("", absent.Message.TrimEnd('.'));
        }
    }
}
