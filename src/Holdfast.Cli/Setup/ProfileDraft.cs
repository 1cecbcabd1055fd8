using System.Text;

namespace Holdfast.Cli.Setup;

/// <summary>Writes a first profile, with a comment wherever a person should look.</summary>
internal sealed class ProfileDraft(FoundPlatform found)
{
    private readonly StringBuilder _text = new();

    /// <summary>Writes the profile as YAML.</summary>
    /// <param name="platform">The platform's name.</param>
    /// <param name="host">The machine's name, for the first comment.</param>
    public string Write(string platform, string host)
    {
        Line($"""
            # Written by 'holdfast setup' from what ran on {host}. Read it from top to bottom: it knows what ran, not what matters.
            # 'holdfast profile validate' names mistakes, 'holdfast profile schema' shows what else may stand in it.

            platform: {platform}

            repository:
              path: /var/backups/holdfast          # better on another disk
              # Without this password nothing in the repository can ever be read: keep a copy away from this machine.
              password:
                file: /etc/holdfast/password       # 'holdfast init --generate-password' makes it

            components:
            """);
        WriteFiles();
        WriteClusters();
        WriteBrokers();
        WriteEngines();
        WriteServices();
        return _text.ToString();
    }

    private void WriteFiles()
    {
        Line("  files:\n    groups:");
        if (found.Files.Count == 0) Line("      system: [/etc/hosts]               # nothing of a platform was found: name its files");
        foreach (var (group, paths) in found.Files)
        {
            Line($"      {group}:");
            foreach (var path in paths) Line($"        - {YamlText.Of(path)}");
        }
        Line("""
                exclude:
                  - "*.pyc"
                # Certificates and keys that these files name are captured too, although no group names them.
                certificates:
                  discover: true
                  warn-days: 30
            """);
    }

    private void WriteClusters()
    {
        if (found.Clusters.Count == 0) return;
        Line("\n  # By dumps. 'method: base' captures the files of a running cluster instead, and can go back to any instant: see holdfast-profile(5).\n  postgres:");
        foreach (var (cluster, name) in found.Clusters.Zip(Names(found.Clusters.Count, "main", index => $"port-{found.Clusters[index].Port}")))
        {
            Line($"""
                    - name: {name}                           # its data directory is {cluster.Folder}
                      method: dump
                      databases: all
                      connection:
                        host: {YamlText.Of(cluster.Socket)}
                        port: {cluster.Port}
                        user: {YamlText.Of(cluster.Owner)}
                """);
            if (cluster.Socket.StartsWith('/')) Line($"        system-user: {YamlText.Of(cluster.Owner)}        # who may sign in without a password by 'peer'");
            else Line("        # password: { file: /etc/holdfast/postgres-password }");
        }
    }

    private void WriteBrokers()
    {
        if (found.Brokers.Count == 0) return;
        var queues = found.Brokers.SelectMany(broker => broker.Queues.Select(database => (broker.Connection, database.Database, database.Queues))).ToList();
        if (queues.Count > 0) Line("\n  # Celery's queues, as kombu has noted them. Name plain lists and other keys that matter under 'lists' and 'keys'.\n  queues:");
        foreach (var ((connection, database, names), name) in queues.Zip(Names(queues.Count, "broker", index => $"broker-{index + 1}")))
        {
            Line($"    - name: {name}");
            if (connection.Contains("setpriv", StringComparison.Ordinal)) Line("      # The password is read as the user who owns Redis' configuration; setpriv takes numbers, which may be others on another machine.");
            Line($"      connection: {(database == 0 ? connection : $"{{ database: {database}, {connection[2..]}")}");
            Line($"      queues: [{string.Join(", ", names.Select(YamlText.Of))}]");
        }
        foreach (var broker in found.Brokers.Where(broker => broker.Queues.Count == 0))
        {
            Line($"\n  # A Redis {(broker.Trouble is { } trouble ? $"that could not be asked for Celery's queues ({trouble.ReplaceLineEndings(" ").TrimEnd('.')})" : "without queues of Celery")}. To capture keys of it:");
            Line($"  # {(queues.Count == 0 ? "queues:\n  #   " : "")}- {{ name: redis, connection: {broker.Connection}, keys: [\"*\"] }}");
        }
    }

    private void WriteEngines()
    {
        if (found.Engines.Count == 0) return;
        var isReady = found.Engines.Any(engine => engine.Location is not null);
        Line($"\n  # By the engine's own snapshots. Where it asks for a user: 'user', 'password' and 'ca'.\n  {(isReady ? "" : "# ")}search:");
        foreach (var engine in found.Engines)
        {
            var mark = engine.Location is null ? "# " : "";
            Line($"  {mark}  - name: {engine.Name}\n  {mark}    url: {engine.Url}");
            Line($"  {mark}    repository: {{ location: {YamlText.Of(engine.Location ?? "/var/backups/search")} }}{(engine.Location is null ? "    # a directory of path.repo, which is not set: 'holdfast search prepare'" : "")}");
        }
    }

    private void WriteServices()
    {
        if (found.Front.Count + found.Workers.Count + found.Stores.Count > 0) Line("\n# In the order in which they are stopped; they are started in the reverse order. Only what ran is started again.\nservices:");
        Group("front", found.Front, "");
        Group("workers", found.Workers, "    after-drain: true                # not before the queues are worked off");
        Group("stores", found.Stores, "    store: true                      # stays up, because the backup asks it");
        if (found.Workers.Count > 0) Line("\nquiesce:\n  deadline: 5m                       # for stopping, and for the queues to become empty");
        if (found.LeftOut.Count > 0) Line("\n# Services that run as well, and were taken for the system's own:");
        foreach (var names in found.LeftOut.Chunk(4)) Line($"#   {string.Join(", ", names)}");
        if (found.Others.Count > 0) Line("\n# Found as well, and not in this profile, or not as it should be:");
        foreach (var other in found.Others) Line($"#   - {Plain(other.What)}: {Plain(other.Why)}.");
    }

    private void Group(string name, IReadOnlyList<string> units, string more)
    {
        if (units.Count == 0) return;
        Line($"  - name: {name}\n    units: [{string.Join(", ", units.Select(YamlText.Of))}]");
        if (more.Length > 0) Line(more);
    }

    /// <summary>In one line of a comment, whatever it is.</summary>
    private static string Plain(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));

    /// <summary>The usual name for the only one, and one of its own for each of several.</summary>
    private static IEnumerable<string> Names(int count, string only, Func<int, string> each) => count == 1 ? [only] : Enumerable.Range(0, count).Select(each);

    private void Line(string text) => _text.Append(text).Append('\n');
}
