using System.Net.Sockets;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Quantities;

namespace Holdfast.Cli.Setup;

/// <summary>
/// Finds what is not in the profile although it may matter, and reports why, because a profile without remarks would
/// look complete.
/// </summary>
/// <param name="root">"/": the root below which directories of clusters are searched.</param>
internal sealed class LeftOutSearch(string root)
{
    private const int MostProcesses = 20;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    /// <summary>Where packages of Debian, of Red Hat and of PGDG keep clusters: the folders above their data directories.</summary>
    private static readonly string[] _clusterFolders = ["var/lib/postgresql/*/*", "var/lib/pgsql/data", "var/lib/pgsql/*/data"];

    /// <summary>
    /// Adds what is left out to what was found. It opens a connection to each search engine, and sends nothing.
    /// </summary>
    /// <param name="found">What the profile will have.</param>
    /// <param name="units">All units that were examined.</param>
    /// <param name="processes">All processes of the machine.</param>
    /// <param name="cancellation">Cancels the search.</param>
    public async Task<FoundPlatform> CompleteAsync(
        FoundPlatform found, IReadOnlyList<RunningUnit> units, IReadOnlyList<ProcessEntry> processes, CancellationToken cancellation)
    {
        var others = new List<FoundOther>();
        others.AddRange(ClustersThatAreDown(found));
        others.AddRange(units.SelectMany(OfUnit));
        others.AddRange(found.Brokers.SelectMany(OfBroker));
        foreach (var engine in found.Engines) others.AddRange(await OfEngineAsync(engine, cancellation));
        others.AddRange(OfProcesses(units, processes));
        return found with { Others = others, NotFound = [.. NotFound(found)] };
    }

    private IEnumerable<FoundOther> ClustersThatAreDown(FoundPlatform found)
    {
        foreach (var folder in _clusterFolders.SelectMany(Expand).Where(folder => File.Exists(Path.Join(folder, "PG_VERSION"))))
            if (!found.Clusters.Any(cluster => cluster.Folder == folder))
                yield return new FoundOther($"a PostgreSQL cluster in {folder}", "it does not run, so nothing says how it is reached; start it and run setup again, or add it to 'postgres'");
    }

    private IEnumerable<string> Expand(string pattern)
    {
        IEnumerable<string> folders = [root];
        foreach (var part in pattern.Split('/'))
            folders = folders.SelectMany(folder => part == "*" ? Below(folder) : [Path.Join(folder, part)]).ToList();
        return folders.Order(StringComparer.Ordinal);
    }

    private static string[] Below(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>A server that runs, and whose own files do not say what is needed.</summary>
    private static IEnumerable<FoundOther> OfUnit(RunningUnit unit)
    {
        var kind = UnitRoles.KindOf(unit);
        if (kind == ProgramKind.Postgres && ServerSearch.ClusterOf(unit) is null)
            yield return new FoundOther($"the PostgreSQL cluster of {unit.Name}", "its file postmaster.pid could not be read, so nothing says how it is reached; add it to 'postgres'");
        var configuration = kind == ProgramKind.Redis ? ServerSearch.RedisConfigurationOf(unit) : ServerSearch.EngineOf(unit)?.Configuration;
        if (configuration is not null && ServerSearch.WhyUnreadable(configuration) is { } why)
            yield return new FoundOther($"what {configuration} says", $"it could not be read ({why}), so {unit.Name} is in the profile with its usual port");
    }

    private static IEnumerable<FoundOther> OfBroker(FoundBroker broker)
    {
        if (broker.Queues.Count > 0) yield break;
        yield return new FoundOther(
            $"the Redis {broker.Place}", broker.Trouble is { } trouble ? $"it could not be asked ({trouble.TrimEnd('.')}); the profile has it as a comment"
                : "it has no queues of Celery; the profile has it as a comment, for its keys");
    }

    private static async Task<IReadOnlyList<FoundOther>> OfEngineAsync(FoundEngine engine, CancellationToken cancellation)
    {
        var others = new List<FoundOther>();
        if (engine.Location is null) others.Add(new FoundOther($"the search engine {engine.Name} at {engine.Url}", "its setting path.repo is not set, so no snapshot can be taken; the profile has it as a comment"));
        if (await WhySilentAsync(new Uri(engine.Url), cancellation) is { } why)
            others.Add(new FoundOther($"the search engine {engine.Name} at {engine.Url}", $"nothing answers there ({why}); correct 'url' in the profile"));
        return others;
    }

    private static async Task<string?> WhySilentAsync(Uri url, CancellationToken cancellation)
    {
        using var socket = new TcpClient();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(_patience);
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, late.Token);
            return null;
        }
        catch (SocketException refused)
        {
            return refused.Message.TrimEnd('.');
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return "it took too long";
        }
    }

    /// <summary>Servers of data that Holdfast does not capture, and those that it does and that no unit runs.</summary>
    private static IEnumerable<FoundOther> OfProcesses(IReadOnlyList<RunningUnit> units, IReadOnlyList<ProcessEntry> processes)
    {
        var kinds = processes.ToDictionary(process => process.Id, process => UnitRoles.KindOf(process));
        var main = units.Select(unit => unit.Process?.Id).OfType<int>().ToHashSet();
        var unmanaged = new List<string>();
        foreach (var process in processes)
        {
            var kind = kinds[process.Id];
            if (kinds.GetValueOrDefault(process.Parent) == kind) continue; // of several processes of a server the first one
            if (ForeignNameOf(kind) is { } foreign)
                yield return new FoundOther($"{foreign} ({Path.GetFileName(process.Program)}, process {process.Id})", "Holdfast does not capture it; let a timer dump it into a folder that 'files' names");
            else if (OwnNameOf(kind) is { } own && !main.Contains(process.Id))
                unmanaged.Add($"{own} ({Path.GetFileName(process.Program)}, process {process.Id})");
        }
        if (unmanaged.Count == 0) yield break;
        var (it, belongs) = unmanaged.Count == 1 ? ("it", "it belongs") : ("them", "they belong");
        yield return new FoundOther(
            Quantity.List(unmanaged, MostProcesses), $"no active service of this machine runs {it} (a container may); add {it} to the profile when {belongs} to the platform");
    }

    private static string? ForeignNameOf(ProgramKind kind) => kind switch
    {
        ProgramKind.MySql => "MySQL or MariaDB", ProgramKind.MongoDb => "MongoDB", ProgramKind.RabbitMq => "RabbitMQ", _ => null,
    };

    private static string? OwnNameOf(ProgramKind kind) => kind switch
    {
        ProgramKind.Postgres => "a PostgreSQL server", ProgramKind.Redis => "a Redis server",
        ProgramKind.Elasticsearch => "a node of Elasticsearch", ProgramKind.OpenSearch => "a node of OpenSearch", _ => null,
    };

    private static IEnumerable<string> NotFound(FoundPlatform found)
    {
        if (found.Clusters.Count == 0) yield return "a running PostgreSQL cluster";
        if (found.Brokers.Count == 0) yield return "a Redis server";
        else if (found.Brokers.All(broker => broker.Queues.Count == 0)) yield return "queues of Celery";
        if (found.Workers.Count == 0) yield return "Celery's workers";
        if (found.Engines.Count == 0) yield return "Elasticsearch or OpenSearch";
        if (!found.HasNginx) yield return "nginx";
        if (!found.Files.ContainsKey("application")) yield return "the files of an application (below /opt, /srv, /usr/local, /var/www or /home)";
    }
}
