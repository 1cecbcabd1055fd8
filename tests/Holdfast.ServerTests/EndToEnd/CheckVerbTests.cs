using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>`holdfast check` of the published binary on a platform of real servers.</summary>
public sealed class CheckVerbTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_platform_at_work_is_not_ready_and_the_same_at_rest_is()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var search = await SearchEngine.StartAsync("elasticsearch");
        await search.CallAsync(HttpMethod.Put, "/shop", """{"settings":{"number_of_replicas":0}}""");
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        using var scene = new Scene();
        WriteProfile(scene, postgres, redis, search, ((IPEndPoint)web.LocalEndpoint).Port);
        await scene.MakeRepositoryAsync();

        using (var user = new TcpClient())
        using (var session = Command.Start(postgres.Program("psql"), ["-XAtq"], postgres.Environs("postgres")))
        {
            await user.ConnectAsync((IPEndPoint)web.LocalEndpoint, Cancellation);
            await session.StandardInput.WriteLineAsync("BEGIN; SELECT 1;".AsMemory(), Cancellation);
            await session.StandardInput.FlushAsync(Cancellation);
            await session.StandardOutput.ReadLineAsync(Cancellation);
            await redis.CallAsync("LPUSH", "plain", "item");
            using var stop = new CancellationTokenSource();
            var writer = WriteAsync(search, stop.Token);

            var (result, lines) = await CheckAsync(scene);
            await stop.CancelAsync();
            await writer;
            Assert.Equal((int)ExitCode.NotReady, result.ExitCode);
            Assert.Equal("warn", lines["users connections"]);
            Assert.Equal("fail", lines["postgres/main sessions"]);
            Assert.Equal("fail", lines["queues/main pending messages"]);
            Assert.Equal("fail", lines["search/main writes"]);
            Assert.Equal("warn", lines["repository last point"]);
            Assert.Equal("pass", lines["repository opens"]);
            Assert.Equal("pass", lines["disk state"]);
            session.StandardInput.Close();
            await session.WaitForExitAsync(Cancellation);
        }
        await redis.CallAsync("DEL", "plain");
        (await scene.RunAsync("backup")).Succeeded();

        var (quiet, passed) = await CheckAsync(scene);
        for (var left = 5; left > 0 && quiet.ExitCode != 0; left--) (quiet, passed) = await CheckAsync(scene); // the server writes down what the backup did
        Assert.True(quiet.ExitCode == 0, $"{quiet}");
        Each.Holds(passed, line => Assert.True(line.Value == "pass", $"{line}"));
        Assert.Contains("is ready for a backup", (await scene.RunAsync(Check())).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_that_are_gone_are_unknown_and_never_a_pass()
    {
        var postgres = await PostgresServer.StartAsync();
        var redis = await RedisServer.StartAsync();
        using var scene = new Scene();
        WriteProfile(scene, postgres, redis, null, 443);
        await postgres.DisposeAsync();
        await redis.DisposeAsync();
        var (result, lines) = await CheckAsync(scene, "check", "--only", "postgres", "queues", "repository", "--json");
        Assert.Equal((int)ExitCode.NotReady, result.ExitCode);
        Assert.Equal(("unknown", "unknown", "fail"), (lines["postgres/main reads and writes"], lines["queues/main pending messages"], lines["repository opens"]));
        Assert.Equal((int)ExitCode.NotReady, (await scene.RunAsync("check", "--only", "queues")).ExitCode);
    }

    [Fact]
    public async Task Warnings_count_with_strict_and_a_subject_that_is_not_there_is_refused()
    {
        using var scene = new Scene();
        await scene.MakeRepositoryAsync();
        var lenient = (await scene.RunAsync("check", "--only", "repository", "services")).Succeeded();
        Assert.Contains("services, running: Name the units", lenient.Output, StringComparison.Ordinal);
        Assert.Equal((int)ExitCode.NotReady, (await scene.RunAsync("check", "--only", "repository", "--strict")).ExitCode);
        await scene.FailsAsync(Catalogue.CheckMissing, "check", "--only", "repositry");
    }

    [Fact]
    public async Task A_user_on_another_machine_is_named_by_address()
    {
        Require.Root();
        Require.Program("ip");
        // Another machine is a network namespace of its own, joined to ours by a pair of virtual cards.
        var name = $"hf{Environment.ProcessId % 100000}";
        var made = await Command.BashAsync("""
            ip netns add "$1"; ip link add "$1a" type veth peer name "$1b" netns "$1"
            ip addr add 198.18.77.1/30 dev "$1a"; ip link set "$1a" up; ip -n "$1" addr add 198.18.77.2/30 dev "$1b"; ip -n "$1" link set "$1b" up
            """, name);
        try
        {
            Require.That(made.ExitCode == 0, $"No network namespace can be made here: {made.Errors.Trim()}");
            using var web = new TcpListener(IPAddress.Parse("198.18.77.1"), 0);
            web.Start();
            var port = ((IPEndPoint)web.LocalEndpoint).Port;
            using var scene = new Scene();
            await File.AppendAllTextAsync(scene.Profile, $"checks: {{ users: {{ ports: [{port}] }} }}\n", Cancellation);
            using var user = Command.Start("ip", ["netns", "exec", name, "bash", "-c", $"exec 3<>/dev/tcp/198.18.77.1/{port}; echo in; cat"]);
            await user.StandardOutput.ReadLineAsync(Cancellation);

            var (result, lines) = await CheckAsync(scene, "check", "--only", "users", "--json");
            Assert.Equal(((int)ExitCode.NotReady, "fail"), (result.ExitCode, lines["users connections"]));
            Assert.Contains($"1 connection to port {port} from 198.18.77.2", result.Output, StringComparison.Ordinal);
            user.Kill(entireProcessTree: true);
            await user.WaitForExitAsync(Cancellation);
        }
        finally
        {
            await Command.RunAsync("ip", ["netns", "del", name]);
        }
    }

    private static string[] Check(params string[] further) => ["check", "--only", "users", "postgres", "search", "queues", "repository", "disk", .. further];

    private static Task<(CommandResult Result, Dictionary<string, string> States)> CheckAsync(Scene scene) => CheckAsync(scene, Check("--json"));

    private static async Task<(CommandResult Result, Dictionary<string, string> States)> CheckAsync(Scene scene, params string[] arguments)
    {
        var result = await scene.RunAsync(arguments);
        var events = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal("platform_check_finished", (string?)events[^1]["event"]);
        Assert.Equal(result.ExitCode == 0, (bool)events[^1]["ready"]!);
        return (result, events.Where(told => (string?)told["event"] == "check_line").ToDictionary(told => $"{told["subject"]} {told["question"]}", told => (string)told["state"]!, StringComparer.Ordinal));
    }

    private static async Task WriteAsync(SearchEngine search, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested) await search.CallAsync(HttpMethod.Post, "/shop/_doc", """{"n":1}""");
    }

    private static void WriteProfile(Scene scene, PostgresServer postgres, RedisServer redis, SearchEngine? search, int port)
    {
        var file = scene.WriteProfile("scene", $$"""
            files:
              groups:
                source: ["{{scene.Source}}"]
            postgres:
              - name: main
                connection: { host: "{{postgres.Folder}}", port: {{postgres.Port}} }
            queues:
              - name: main
                connection: { port: {{redis.Port}} }
                lists: [plain]
            """);
        File.AppendAllText(file, $$"""
            checks:
              disk: { fail-below: 0MiB, warn-below: 0MiB, warn-percent: 0 }
              users: { ports: [{{port}}] }
            {{(search is null ? "" : $"  search: [{{ name: main, url: \"{search.Url}\" }}]")}}

            """);
    }
}
