using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Setup;

/// <summary>Looks for the parts of a platform among what runs on this machine. It reads, and asks Redis for names; it changes nothing.</summary>
internal sealed class PlatformSearch(IHost host, ISecretReader secrets, TimeProvider clock)
{
    private const string PlatformSettings = "/etc/eclecticiq/platform_settings.py";

    /// <exception cref="ProblemException">systemd does not answer: without it the platform's units are
    /// unknown.</exception>
    public async Task<FoundPlatform> FindAsync(CancellationToken cancellation)
    {
        var running = await RunningUnit.ListAsync(host, cancellation);
        var units = await WithTriggeredAsync(running, cancellation);
        var stores = units.Where(unit => UnitRoles.RoleOf(unit) == UnitRole.Store).ToList();
        var clusters = stores.Select(ServerSearch.ClusterOf).OfType<FoundCluster>().ToList();
        var engines = stores.Select(ServerSearch.EngineOf).OfType<FoundEngine>().ToList();
        var brokers = await BrokersAsync(stores, cancellation);
        var found = new FoundPlatform
        {
            Front = NamesOf(units, UnitRole.Front),
            Workers = NamesOf(units, UnitRole.Worker),
            Stores = NamesOf(units, UnitRole.Store),
            LeftOut = NamesOf([.. units.Where(unit => unit.Process is not null)], UnitRole.LeftOut),
            Clusters = clusters,
            Brokers = brokers,
            Engines = engines,
            Files = PlatformFiles.Of([.. units.Where(unit => UnitRoles.RoleOf(unit) != UnitRole.LeftOut)]),
            HasNginx = units.Any(unit => UnitRoles.KindOf(unit) == ProgramKind.Nginx),
            IsEclecticIq = File.Exists(PlatformSettings) || units.Any(unit => unit.Name.StartsWith("eclecticiq-platform-backend", StringComparison.Ordinal)),
        };
        return await new LeftOutSearch("/").CompleteAsync(found, units, ProcessEntry.ListAll(), cancellation);
    }

    /// <summary>A service that a local timer starts now and then belongs to the platform, although it does not run just now.</summary>
    private async Task<IReadOnlyList<RunningUnit>> WithTriggeredAsync(IReadOnlyList<RunningUnit> running, CancellationToken cancellation)
    {
        var units = running.ToDictionary(unit => unit.Name, StringComparer.Ordinal);
        foreach (var name in running.Where(UnitRoles.IsLocal).SelectMany(unit => unit.Triggers).Where(name => !units.ContainsKey(name)).Distinct(StringComparer.Ordinal).ToList())
        {
            if (await RunningUnit.FindAsync(host, name, cancellation) is { } triggered) units[name] = triggered;
        }
        return [.. units.Values.OrderBy(unit => unit.Name, StringComparer.Ordinal)];
    }

    /// <summary>Instances of a template are one pattern: the next one belongs to it too.</summary>
    private static IReadOnlyList<string> NamesOf(IReadOnlyList<RunningUnit> units, UnitRole role) =>
        [.. units.Where(unit => UnitRoles.RoleOf(unit) == role).Select(unit => PatternOf(unit, role)).Distinct(StringComparer.Ordinal)];

    private static string PatternOf(RunningUnit unit, UnitRole role)
    {
        var at = unit.Name.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && role == UnitRole.Worker ? $"{unit.Name[..(at + 1)]}*{Path.GetExtension(unit.Name)}" : unit.Name;
    }

    private async Task<IReadOnlyList<FoundBroker>> BrokersAsync(IReadOnlyList<RunningUnit> stores, CancellationToken cancellation)
    {
        var brokers = new List<FoundBroker>();
        foreach (var store in stores)
            if (ServerSearch.RedisConnectionOf(store) is { } connection) brokers.Add(await AskAsync(connection, cancellation) with { Place = $"of {store.Name}" });
        return brokers;
    }

    private async Task<FoundBroker> AskAsync(string connection, CancellationToken cancellation)
    {
        try
        {
            var node = ProfileReader.ReadYaml(connection) ?? throw new InvalidOperationException($"Not YAML: {connection}");
            return new FoundBroker(connection, await Components.Queues.Brokers.CeleryQueues.FindAsync(node, secrets, clock, cancellation), Trouble: null);
        }
        catch (ProblemException refused)
        {
            return new FoundBroker(connection, [], refused.Problem.Message);
        }
    }
}
