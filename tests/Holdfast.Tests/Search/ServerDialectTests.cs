using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Snapshots;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>What engines are asked, by the versions that they say they are.</summary>
public sealed class ServerDialectTests
{
    private static readonly RestoreChoice _plain = new(["a"], [], ["a"], []), _stream = new(["a", ".ds-logs-000001"], ["logs"], ["a", "logs"], []);

    [Theory]
    [InlineData("7.10.2", false, false)]
    [InlineData("7.11.2", false, false)]
    [InlineData("7.12.0", false, true)]
    [InlineData("7.17.28", false, true)]
    [InlineData("8.15.0", false, true)]
    [InlineData("9.0.0-beta1", false, true)]
    [InlineData("2.19.3", true, false)]
    [InlineData("3.0.0", true, false)]
    public void System_indices_are_kept_out_of_a_snapshot_where_the_global_state_would_bring_them(string version, bool isOpenSearch, bool hasStates)
    {
        var request = ServerDialect.Of(version, isOpenSearch).SnapshotRequest(["a", "b"], new JsonObject { ["x"] = 1 });
        Assert.Equal(("a,b", true, false), ((string?)request["indices"], (bool)request["include_global_state"]!, (bool)request["partial"]!));
        Assert.Equal(hasStates ? "[\"none\"]" : null, request["feature_states"]?.ToJsonString());
    }

    [Theory]
    [InlineData("7.17.28", false, "a,logs", false)]
    [InlineData("2.19.3", true, "a,logs,.ds-logs-000001", true)]
    public void A_stream_is_asked_for_so_that_the_security_plugin_of_OpenSearch_finds_its_indices(string version, bool isOpenSearch, string names, bool mayLack)
    {
        var request = _stream.Request(ServerDialect.Of(version, isOpenSearch), ["index.routing.allocation.require._name"]);
        Assert.Equal((names, mayLack), ((string?)request["indices"], (bool?)request["ignore_unavailable"] ?? false));
        Assert.Equal((false, false), ((bool)request["include_global_state"]!, (bool)request["include_aliases"]!));
        Assert.Equal(
            ["index.blocks.read_only", "index.blocks.read_only_allow_delete", "index.blocks.metadata", "index.blocks.read", "index.routing.allocation.require._name"],
            request["ignore_index_settings"]!.AsArray().Select(setting => (string)setting!));
        Assert.Null(_plain.Request(ServerDialect.Of(version, isOpenSearch), [])["ignore_unavailable"]);
    }

    [Theory]
    [InlineData("7.17.28", false, "7.17.5", false, false)]
    [InlineData("7.17.5", false, "7.17.28", false, true)]
    [InlineData("7.10.2", false, "7.17.0", false, true)]
    [InlineData("2.19.3", true, "2.19.2", true, false)]
    [InlineData("7.10.2", false, "2.19.3", true, true)]
    [InlineData("7.17.28", false, "2.19.3", true, false)]
    [InlineData("2.19.3", true, "8.0.0", false, false)]
    [InlineData("7.17.28", false, "9.0.0", false, false)]
    public void An_older_engine_is_found_out_by_its_last_number_too(string source, bool wasOpenSearch, string version, bool isOpenSearch, bool can) =>
        Assert.Equal(can, ServerDialect.Of(version, isOpenSearch).WhyNot(ServerDialect.Of(source, wasOpenSearch)) is null);

    [Theory]
    [InlineData(".security-7", true, true)]
    [InlineData(".geoip_databases", false, true)]
    [InlineData(".async-search", false, true)]
    [InlineData(".ds-.logs-deprecation.elasticsearch-default-2026.11.28-000001", false, true)]
    [InlineData(".kibana_7.17.28_001", false, false)]
    [InlineData(".ds-logs-app-000001", false, false)]
    [InlineData("documents_v1", false, false)]
    [InlineData("security", false, false)]
    public void The_engines_own_indices_are_known_by_their_names(string index, bool isReserved, bool isOwn) =>
        Assert.Equal((isReserved, isOwn), (SystemIndices.IsReserved(index), SystemIndices.IsOwn(index)));

    [Theory]
    [InlineData("*", "cases_v1", true)]
    [InlineData("*", ".kibana_1", false)]
    [InlineData(".kibana*", ".kibana_1", true)]
    [InlineData("*", ".security-7", false)]
    [InlineData("documents*,audit*", "cases_v1", false)]
    [InlineData("*,-case*", "cases_v1", false)]
    [InlineData("_all", "cases_v1", true)]
    [InlineData("logs*", ".ds-logs-app-2026.11.28-000002", true)]
    [InlineData("*", "documents_v2.before-20261122t220000z-000001", false)]
    [InlineData("documents_v2.before-20261122t220000z-000001", "documents_v2.before-20261122t220000z-000001", true)]
    public void Patterns_mean_to_us_what_they_mean_to_the_engine(string patterns, string index, bool isMeant) => Assert.Equal(isMeant, UnseenIndices.Means(patterns.Split(','), index));
}
