using Holdfast.Components.Search.Api;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Preparing;

/// <summary>
/// The steps that let this machine's node write snapshots: the directory, its owner, path.repo in the node's
/// configuration, and a restart. Empty when every node can use the directory. When the node does not start again, its
/// old configuration is restored.
/// </summary>
internal sealed class NodeSetup(SearchSettings settings, SearchServer server, IHost host, TimeProvider clock) : IUndoHandler
{
    private const string Elsewhere = "Run 'holdfast search prepare' on their machines, or name the directory in path.repo there and restart them.";
    private const string File = "file", Aside = "aside", Service = "service";
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(500), _patience = TimeSpan.FromMinutes(5);

    public string Kind => $"search/{settings.Name}.old-configuration";

    /// <exception cref="ProblemException">The profile does not name the directory, or the engine cannot be
    /// queried.</exception>
    public async Task<IReadOnlyList<Step>> PlanAsync(CancellationToken cancellation)
    {
        var location = settings.Location ?? throw Catalogue.SearchPath.Throwable($"The profile names no directory for the snapshots of {settings.Name}.", "Name it under 'repository: location:' of the search component.");
        var all = await new NodePaths(server, location).ReadAsync(cancellation);
        var lacking = all.Where(node => node.Lacks).ToList();
        var steps = new List<Step>();
        var owner = settings.Owner;
        if (!Directory.Exists(location)) steps.Add(Step($"Make {location}", $"The directory of the snapshots{(owner is null ? "" : $", which belongs to {owner}")}.", (_, stop) => MakeAsync(location, owner, stop)));
        else if (owner is not null && await OwnerAsync(location, cancellation) != owner) steps.Add(Step($"Give {location} to {owner}", "The engine's user must be able to write it.", (_, stop) => OwnAsync(location, owner, stop)));
        if (lacking.Count == 0) return steps;
        var nodes = Names(lacking);
        if (settings.Configuration is not { } file || settings.Service is not { } service)
            throw Catalogue.SearchPath.Throwable($"The nodes {nodes} lack '{location}' in their setting path.repo.", $"Add path.repo: [\"{location}\"] to the configuration of each and restart it; or name 'configuration' and 'service' of this machine's node under 'repository' in the profile.");
        var own = NodePaths.Own(all, System.IO.File.Exists(file) ? ConfigurationFile.Read(file) : "", host.Name);
        if (!own.Any(node => node.Lacks))
        {
            if (steps.Count > 0) return steps;
            throw Catalogue.SearchPath.Throwable($"The nodes {nodes} lack '{location}' in their setting path.repo; {Names(own)}, which is on this machine, has it.", Elsewhere);
        }
        steps.Add(Step($"Name {location} in {file}", $"Adds it to path.repo, and restarts {service} ({Names(own)}); the nodes that lack it: {nodes}.", (context, stop) => ChangeAsync(location, file, service, context, stop)) with { Destroys = true });
        return steps;
    }

    public async Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        if (!System.IO.File.Exists(undo.Arguments[Aside])) return;
        ConfigurationFile.PutBack(undo.Arguments[File], undo.Arguments[Aside]);
        await RunAsync("systemctl", ["restart", "--", undo.Arguments[Service]], cancellation);
    }

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"search/{settings.Name}", Act = act };

    private static string Names(IEnumerable<NodePath> nodes) => string.Join(", ", nodes.Select(node => node.Name));

    private async Task MakeAsync(string location, string? owner, CancellationToken cancellation)
    {
        using (TrustedPath.ActAsKeeper(location)) PrivateFolder.MakeShared(location); // the engine's user passes through the folders above it
        if (owner is not null) await OwnAsync(location, owner, cancellation);
    }

    /// <summary>Changes the owner by path, so only where no user but root can replace the directory.</summary>
    private async Task OwnAsync(string location, string owner, CancellationToken cancellation)
    {
        if (TrustedPath.Keeper(location) is null)
            await RunAsync("chown", ["--", $"{owner}:", location], cancellation);
        else if (await OwnerAsync(location, cancellation) != owner)
            throw Catalogue.SearchPath.Throwable($"{location} lies in a folder of another user than root, who could exchange it, so it was not given to {owner}.", "Choose a directory in a folder of root, or give it to the engine's user yourself.");
    }

    private async Task<string> OwnerAsync(string location, CancellationToken cancellation) => (await RunAsync("stat", ["-c", "%U", "--", location], cancellation)).Trim();

    private async Task ChangeAsync(string location, string file, string service, StepContext context, CancellationToken cancellation)
    {
        var before = ConfigurationFile.Read(file);
        if (PathSetting.Add(before, location) is { } after)
        {
            var aside = file + MovedAside.Suffix(context.RunId).ToLowerInvariant();
            var undo = new Undo(Kind, $"Give {file} its old content back, and restart {service}.", new Dictionary<string, string>(StringComparer.Ordinal) { [File] = file, [Aside] = aside, [Service] = service });
            ConfigurationFile.WriteBeside(aside, before);
            await context.OweAsync(undo, cancellation);
            ConfigurationFile.Write(file, after);
            await RestartAsync(service, location, before, context, cancellation);
            await context.SettleAsync(undo, cancellation);
            context.Note($"The old configuration is {aside}.");
            return;
        }
        await RestartAsync(service, location, before, context, cancellation); // it is named, and the node does not know it yet
    }

    /// <summary>
    /// Restarts the node of this machine, and waits only for it: others may be prepared later, on their own machines.
    /// </summary>
    private async Task RestartAsync(string service, string location, string configuration, StepContext context, CancellationToken cancellation)
    {
        var paths = new NodePaths(server, location);
        var nodes = await paths.ReadAsync(cancellation);
        var before = NodePaths.Own(nodes, configuration, host.Name).ToDictionary(node => node.Name, node => node.Paths, StringComparer.Ordinal);
        var own = before.Keys.ToHashSet(StringComparer.Ordinal);
        await RestartAsync(service, location, async () => own.IsSubsetOf((await paths.ReadAsync(cancellation)).Where(node => !node.Lacks).Select(node => node.Name)), cancellation);
        foreach (var node in (await paths.ReadAsync(cancellation)).Where(node => own.Contains(node.Name)))
            if (before[node.Name].Except(node.Paths, StringComparer.Ordinal).ToList() is { Count: > 0 } lost)
                throw Catalogue.SearchPath.Throwable(
                    $"After the restart {node.Name} has lost {string.Join(", ", lost)} from its setting path.repo, where other snapshot repositories lie.", "Its old configuration comes back. Add the directory to path.repo yourself, beside what it has, and restart the node.");
        var others = nodes.Where(node => node.Lacks && !own.Contains(node.Name)).ToList();
        if (others.Count > 0)
            context.Warn(Catalogue.SearchPath.With($"No snapshot can be taken yet: the nodes {Names(others)} lack '{location}' in their setting path.repo.", Elsewhere) with { Exit = ExitCode.Incomplete });
    }

    private async Task RestartAsync(string service, string location, Func<Task<bool>> isBackAsync, CancellationToken cancellation)
    {
        await RunAsync("systemctl", ["restart", "--", service], cancellation);
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < _patience; await Task.Delay(_look, clock, cancellation))
        {
            try
            {
                if (await isBackAsync()) return;
            }
            catch (ProblemException starting) when (starting.Problem.Code == Catalogue.WebUnreachable.Code || starting.Problem.Code == Catalogue.WebAnswer.Code || starting.Problem.Code == Catalogue.SearchRefused.Code)
            {
                // The node does not answer yet.
            }
            if ((await host.RunAsync(new ProgramCall("systemctl", ["is-failed", "--quiet", "--", service]), cancellation)).Result.ExitCode == 0)
                throw Catalogue.SearchPath.Throwable($"{service} did not start with '{location}' in path.repo.", $"See 'journalctl -u {service}'. Its old configuration comes back.");
        }
        throw Catalogue.SearchPath.Throwable($"{server.Place} did not come up with '{location}' in path.repo within {_patience.TotalMinutes:0} minutes of its restart.");
    }

    private Task<string> RunAsync(string program, IReadOnlyList<string> words, CancellationToken cancellation) => host.CallAsync(program, words, Catalogue.SearchPath, cancellation);
}
