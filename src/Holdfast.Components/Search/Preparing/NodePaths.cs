using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Preparing;

/// <summary>A node of a cluster.</summary>
/// <param name="Name">Its name in the cluster.</param>
/// <param name="Address">Its IP address.</param>
/// <param name="Lacks">Its path.repo has neither the directory nor one above it.</param>
/// <param name="Paths">Its path.repo, as the node has read it, without slashes at the ends.</param>
internal sealed record NodePath(string Name, string Address, bool Lacks, IReadOnlyList<string> Paths);

/// <summary>
/// Determines which nodes may use a directory for snapshots, and which of them is the node of this machine.
/// </summary>
internal sealed class NodePaths(SearchServer server, string location)
{
    /// <summary>All nodes of the cluster, with their path.repo.</summary>
    /// <exception cref="ProblemException">The engine cannot be queried.</exception>
    public async Task<IReadOnlyList<NodePath>> ReadAsync(CancellationToken cancellation)
    {
        var nodes = (await server.GetAsync("/_nodes/settings?filter_path=nodes.*.name,nodes.*.ip,nodes.*.settings.path.repo", cancellation))["nodes"] as JsonObject ?? [];
        return [.. nodes.Select(node => new NodePath(
            (string?)node.Value?["name"] ?? node.Key, (string?)node.Value?["ip"] ?? "",
            !Paths(node.Value?["settings"]).Any(path => location == path || location.StartsWith($"{path}/", StringComparison.Ordinal)), [.. Paths(node.Value?["settings"])]))];
    }

    /// <summary>
    /// The node of a configuration file: by node.name in it, which by default is the machine's name; else the nodes at
    /// an address of this machine; and when neither identifies one, as behind a container network, all nodes that lack
    /// the directory.
    /// </summary>
    public static IReadOnlyList<NodePath> Own(IReadOnlyList<NodePath> nodes, string configuration, string machine)
    {
        var name = NodeConfiguration.Read(configuration)?.GetValueOrDefault("node.name") is [var named, ..] ? named.Replace("${HOSTNAME}", machine, StringComparison.Ordinal) : machine;
        foreach (var own in new[] { nodes.Where(node => node.Name == name), nodes.Where(node => IsHere(node.Address)) })
            if (own.ToList() is { Count: > 0 } found) return found;
        return [.. nodes.Where(node => node.Lacks)];
    }

    private static IEnumerable<string> Paths(JsonNode? settings) => (settings as JsonObject ?? [])
        .SelectMany(entry => entry.Value switch { JsonArray list => list.Select(item => item?.ToString()), JsonObject inner => Paths(inner), { } one => [one.ToString()], _ => [] }).OfType<string>().Select(path => path.TrimEnd('/'));

    private static bool IsHere(string address) => IPAddress.TryParse(address, out var parsed)
        && (IPAddress.IsLoopback(parsed) || NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(parsed)));
}
