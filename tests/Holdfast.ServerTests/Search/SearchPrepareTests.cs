using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Systemd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A real engine as a service of a real systemd, and the published program, which lets it write snapshots.</summary>
public sealed class SearchPrepareTests
{
    private const string Configuration = "/srv/engine/config/elasticsearch.yml", Location = "/var/backups/search";

    [Fact]
    public async Task Directory_owner_setting_and_restart_are_shown_then_done_and_a_node_that_does_not_come_up_gets_its_old_configuration_back()
    {
        var scripts = SearchEngine.FindScripts();
        Require.Program("java");
        await using var scene = await PlatformScene.BeginAsync($"--bind-ro={scripts}:/engines");
        // What 'up' runs becomes a service, with the configuration that it has written.
        await scene.Box.BashAsync("""
            /engines/up elasticsearch /srv/engine --port 9200 >/dev/null
            mapfile -d '' -t words < "/proc/$(cat /srv/engine/pid)/cmdline"
            printf '#!/bin/bash\ncd /srv/engine; export ES_PATH_CONF=/srv/engine/config; exec' > /srv/start; printf ' %q' "${words[@]}" >> /srv/start; chmod 755 /srv/start
            /engines/down /srv/engine
            sed -i '/^path\.repo/d' /srv/engine/config/elasticsearch.yml
            """);
        await scene.WriteUnitsAsync(("engine.service", "[Service]\nUser=nobody\nExecStart=/srv/start\nSuccessExitStatus=143\n"));
        await scene.StartAsync("engine.service");
        await scene.Box.HoldsAsync("the engine answers", "curl -sf 127.0.0.1:9200/_cluster/health");
        await scene.WriteAsync("/etc/holdfast/profile.yaml", $$"""
            platform: boxed
            components:
              search:
                - { name: main, url: "http://127.0.0.1:9200", repository: { location: {{Location}}, owner: nobody, configuration: {{Configuration}}, service: engine.service } }
            """);

        var shown = (await scene.HoldfastAsync("search", "prepare", "--plan")).Succeeded().Output;
        Assert.Contains($"Make {Location}", shown, StringComparison.Ordinal);
        Assert.Contains($"Name {Location} in {Configuration}", shown, StringComparison.Ordinal);
        await scene.FailsAsync(Catalogue.Unconfirmed, "search", "prepare");
        Assert.Equal("no", (await scene.Box.BashAsync($"[ -e {Location} ] && echo yes || echo no")).Trim());

        (await scene.HoldfastAsync("search", "prepare", "--yes")).Succeeded();
        Assert.Equal("nobody", (await scene.Box.BashAsync($"stat -c %U {Location}")).Trim());
        Assert.Contains("can write snapshots", (await scene.HoldfastAsync("search", "prepare")).Succeeded().Output, StringComparison.Ordinal);
        // Judged by the engine itself.
        await scene.Box.BashAsync($$"""
            curl -sf -XPUT -H 'Content-Type: application/json' 127.0.0.1:9200/_snapshot/trial -d '{"type":"fs","settings":{"location":"{{Location}}"} }'
            curl -sf -XPUT '127.0.0.1:9200/_snapshot/trial/one?wait_for_completion=true' | grep -q '"state":"SUCCESS"'
            """);

        // A directory that the engine's user can not come to: with it in path.repo the node does not start.
        await scene.Box.BashAsync($"mkdir -m 700 /srv/closed; cp {Configuration} /srv/before; sed -i s#{Location}#/srv/closed/search# /etc/holdfast/profile.yaml");
        var failed = await scene.FailsAsync(Catalogue.SearchPath, "search", "prepare", "--yes");
        Assert.Contains("engine.service did not start", failed.Errors, StringComparison.Ordinal);
        await scene.Box.BashAsync($"cmp {Configuration} /srv/before");
        await scene.Box.HoldsAsync("the engine answers", "curl -sf 127.0.0.1:9200/_cluster/health");
    }
}
