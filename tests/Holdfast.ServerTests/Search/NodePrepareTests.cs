using Holdfast.Components.Search;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A cluster of two real nodes, of which one is prepared. Instead of systemd a script ends it and starts it again as it was.</summary>
[Collection(TroubledEnginesCollection.Name)]
public sealed class NodePrepareTests
{
    private const string Restart = """
        mapfile -d '' -t words < "/proc/$(cat "$1/pid")/cmdline"
        kill "$(cat "$1/pid")"; while kill -0 "$(cat "$1/pid")" 2>/dev/null; do sleep 0.1; done
        cd "$1"; ES_PATH_CONF=$1/config setsid setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "${words[@]}" > "$1/logs/again.log" 2>&1 < /dev/null &
        echo $! > "$1/pid"
        """;

    [Theory]
    [Engines]
    public async Task Only_the_node_of_this_machine_is_waited_for_and_the_others_that_lack_the_directory_are_told(string kind)
    {
        Require.Root();
        await using var engine = await SearchEngine.StartAsync(kind);
        await using var other = await engine.JoinAsync();
        var (own, second) = ((string)(await engine.CallAsync(HttpMethod.Get, "/"))["name"]!, (string)(await other.CallAsync(HttpMethod.Get, "/"))["name"]!);
        var folder = Path.GetDirectoryName(engine.Data)!;
        var location = Path.Combine(Path.GetDirectoryName(engine.Snapshots)!, "more");
        var host = new RestartingHost(async () => (await Command.BashAsync(Restart, folder)).Succeeded());
        // What is asked is the other node, which sees this one go and come.
        var profile = ProfileReader.Parse($$"""
            platform: x
            components:
              search:
                - { name: main, url: "{{other.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}}", repository: { location: {{location}}, owner: nobody, configuration: {{folder}}/config/{{kind}}.yml, service: engine.service } }
            """, "/etc/holdfast/profile.yaml");
        var component = new SearchComponent(profile.Root["components"]["search"].Items[0], new FixedSecret(""), host, TimeProvider.System);

        var steps = await component.PlanPrepareAsync(SearchRig.Cancellation);
        Assert.Equal([$"Make {location}", $"Name {location} in {folder}/config/{kind}.yml"], steps.Select(step => step.Name));
        await using var rig = await SearchRig.BeginAsync();
        var told = Assert.Single((await rig.ActAsync(component, () => Task.FromResult(steps))).Warnings);
        Assert.Equal((Catalogue.SearchPath.Code, ExitCode.Incomplete), (told.Code, told.Exit));
        Assert.Contains($"the nodes {second} lack '{location}'", told.Message, StringComparison.Ordinal);
        var paths = (await engine.CallAsync(HttpMethod.Get, "/_nodes/_local/settings?flat_settings=true"))["nodes"]!.AsObject().Single().Value!["settings"]!["path.repo"];
        Assert.Contains(location, paths!.AsArray().Select(path => (string)path!));

        // Once more there is nothing to do here, and nothing is restarted.
        await Eventually.HoldsAsync("both nodes are in the cluster", async () => (int)(await engine.CallAsync(HttpMethod.Get, "/_cluster/health"))["number_of_nodes"]! == 2);
        var refused = await ReindexTests.RefusedAsync(Catalogue.SearchPath, () => component.PlanPrepareAsync(SearchRig.Cancellation));
        Assert.Equal($"The nodes {second} lack '{location}' in their setting path.repo; {own}, which is on this machine, has it.", refused.Message);
        Assert.Equal(1, host.Restarts);
    }

    /// <summary>This machine, without systemd.</summary>
    private sealed class RestartingHost(Func<Task> restart) : IHost
    {
        private readonly LocalHost _real = new(Environment.GetEnvironmentVariable);

        public int Restarts { get; private set; }

        public string Name => _real.Name;

        public string? FindProgram(string name) => _real.FindProgram(name);

        public IRunningProgram Start(ProgramCall call) => _real.Start(call);

        public async Task<(ProgramResult Result, string Output)> RunAsync(ProgramCall call, CancellationToken cancellation)
        {
            if (call.Program != "systemctl") return await _real.RunAsync(call, cancellation);
            if (call.Arguments[0] != "restart") return (new ProgramResult(1, ""), ""); // it has not failed
            Restarts++;
            await restart();
            return (new ProgramResult(0, ""), "");
        }
    }
}
