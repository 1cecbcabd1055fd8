using System.Text.Json.Nodes;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Search;

/// <summary>The user of the profile lacks some rights in a secured engine for as long as this lives.</summary>
internal sealed class FewerRights : IAsyncDisposable
{
    private const string Role = "/_plugins/_security/api/roles/backup";

    private readonly SearchEngine _engine;
    private readonly JsonNode _usual;

    private FewerRights(SearchEngine engine, JsonNode usual) => (_engine, _usual) = (engine, usual);

    /// <param name="engine">A secured one.</param>
    /// <param name="lacking">Of the cluster's rights that the role has; each must be among them.</param>
    public static async Task<FewerRights> TakeAsync(SearchEngine engine, params string[] lacking)
    {
        var role = (await engine.CallAsync(HttpMethod.Get, Role))["backup"]!.AsObject();
        foreach (var about in new[] { "reserved", "hidden", "static" }) role.Remove(about);
        var usual = role.DeepClone();
        var rights = role["cluster_permissions"]!.AsArray().Select(right => (string)right!).ToList();
        foreach (var right in lacking)
            if (!rights.Remove(right)) throw new InvalidOperationException($"The role has no right {right}: {usual.ToJsonString()}");
        role["cluster_permissions"] = new JsonArray([.. rights.Select(right => (JsonNode)right)]);
        await engine.CallAsync(HttpMethod.Put, Role, role.ToJsonString());
        return new FewerRights(engine, usual);
    }

    public async ValueTask DisposeAsync() => await _engine.CallAsync(HttpMethod.Put, Role, _usual.ToJsonString());
}
