using System.Text.Json.Nodes;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Systemd;

/// <summary>
/// A whole platform with a broker under a real systemd: something that makes tasks, a Celery worker that does them, and Redis. A
/// backup stands in between, or dies there, and every task is done once.
/// </summary>
public sealed class BrokerWindowTests
{
    private const string Tasks = """
        import time
        from celery import Celery
        app = Celery('shop', broker='redis://127.0.0.1:6379/0')
        app.conf.task_default_queue = 'work'
        app.conf.worker_prefetch_multiplier = 4
        @app.task(name='shop.do')
        def do(tag):
            time.sleep(0.05)
            open('/share/done', 'a').write(tag + '\n')
        """;

    private const string Maker = """
        import itertools, sys, time
        sys.path.insert(0, '/opt/shop')
        from shop import do
        for i in itertools.count(1):
            tag = '%d-%d' % (time.time_ns(), i)
            do.apply_async((tag,), task_id=tag, **({'countdown': 20} if i % 25 == 0 else {}))
            open('/share/sent', 'a').write(tag + '\n')
            time.sleep(0.06)
        """;

    private static readonly string[] Units = ["shop-maker.service", "shop-worker.service", "shop-redis.service"];

    [Fact]
    public async Task A_quiesced_backup_waits_for_the_workers_and_loses_and_doubles_no_task()
    {
        await using var scene = await BeginAsync();

        var backup = (await scene.HoldfastAsync("backup", "--json")).Succeeded();

        await scene.AllAreAsync("active", Units);
        var shown = (await scene.HoldfastAsync("points", "show", "latest", "--json")).Succeeded();
        var manifest = Last(shown)["manifest"]!;
        Assert.Equal("quiesced", manifest["mode"]!.GetValue<string>());
        Assert.NotNull(manifest["window"]);
        var record = manifest["components"]!.AsArray().Single(component => component!["name"]!.GetValue<string>() == "queues/main")!;
        Assert.Equal(0, record["skew"]!.GetValue<double>());
        // What is due later is all that could be left: it is in the point, and the drain did not wait for it.
        Assert.InRange(record["counts"]!["messages"]!.GetValue<long>(), 0, 20);
        Assert.DoesNotContain("HF-QUEUE-BUSY", backup.Output, StringComparison.Ordinal);
        await EveryTaskIsDoneOnceAsync(scene);
    }

    [Fact]
    public async Task Killed_while_it_waits_for_the_queues_the_platform_comes_up_and_no_task_is_lost()
    {
        await using var scene = await BeginAsync();
        await scene.Box.BashAsync("systemctl kill --signal=STOP shop-worker.service"); // so that it waits
        var backup = scene.Box.Start(PlatformScene.Binary, "backup");
        backup.StandardInput.Close();
        await Eventually.HoldsAsync("the makers are stopped and the backup waits for the queues", async () =>
            (await scene.StatesAsync("shop-maker.service"))[0] != "active"
            && (await scene.HoldfastAsync("runs", "list", "--json")).Output.Contains("\"step\":\"Wait until the queues of main are idle\"", StringComparison.Ordinal));

        await scene.Box.BashAsync("pkill -KILL -x holdfast; systemctl kill --signal=CONT shop-worker.service");
        await backup.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["inactive"], await scene.StatesAsync("shop-maker.service"));
        (await scene.HoldfastAsync("recover")).Succeeded();

        await scene.AllAreAsync("active", Units);
        await EveryTaskIsDoneOnceAsync(scene);
    }

    private static async Task<PlatformScene> BeginAsync()
    {
        Require.Program("redis-server");
        Require.That((await Command.RunAsync("/usr/bin/python3", ["-c", "import celery, redis"])).ExitCode == 0, "The system's Python has no Celery with its Redis client.");
        var scene = await PlatformScene.BeginAsync();
        await scene.WriteAsync("/opt/shop/shop.py", Tasks);
        await scene.WriteAsync("/opt/shop/maker.py", Maker);
        await scene.WriteAsync("/etc/holdfast/profile.yaml", """
            platform: boxed
            repository:
              path: /var/backups/repository
              password: { file: /etc/holdfast/password }
            services:
              - { name: makers, units: [shop-maker.service] }
              - { name: workers, units: [shop-worker.service], after-drain: true }
              - { name: stores, units: [shop-redis.service], store: true }
            components:
              queues:
                - { name: main, queues: [work], drain-timeout: 10s, inspect-timeout: 2s }
            """);
        await scene.WriteUnitsAsync(
            ("shop-redis.service", "[Service]\nExecStart=/usr/bin/redis-server --bind 127.0.0.1 --save '' --dir /var/tmp\n"),
            ("shop-worker.service", "[Service]\nEnvironment=PYTHONPATH=/opt/shop C_FORCE_ROOT=1\nExecStart=/usr/bin/python3 -m celery -A shop worker -c 2 -Q work\nKillMode=mixed\nTimeoutStopSec=30\n"),
            ("shop-maker.service", "[Service]\nExecStart=/usr/bin/python3 /opt/shop/maker.py\n"));
        // The box has no network but its own.
        await scene.Box.BashAsync("ip link set lo up 2>/dev/null || true; systemctl start shop-redis.service; touch /share/done /share/sent; chmod 666 /share/done /share/sent");
        (await scene.HoldfastAsync("init", "--yes", "--generate-password")).Succeeded();
        await scene.StartAsync("shop-worker.service", "shop-maker.service");
        await scene.Box.HoldsAsync("40 tasks are done", "[ $(wc -l < /share/done) -ge 40 ]");
        return scene;
    }

    private static async Task EveryTaskIsDoneOnceAsync(PlatformScene scene)
    {
        var before = File.ReadAllLines(Path.Combine(scene.Box.Share, "done")).Length;
        await scene.Box.HoldsAsync("it goes on", $"[ $(wc -l < /share/done) -ge {before + 20} ]");
        await scene.Box.BashAsync("systemctl stop shop-maker.service");
        (await scene.HoldfastAsync("queues", "wait", "--timeout", "2m")).Succeeded();
        // The maker may have been stopped between sending a task and noting it.
        var (sent, done) = (File.ReadAllLines(Path.Combine(scene.Box.Share, "sent")), File.ReadAllLines(Path.Combine(scene.Box.Share, "done")));
        Assert.Equal(done.Length, done.Distinct(StringComparer.Ordinal).Count());
        Assert.Empty(sent.Except(done, StringComparer.Ordinal));
        Assert.InRange(done.Length, sent.Length, sent.Length + 3);
    }

    private static JsonNode Last(CommandResult result) => JsonNode.Parse(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
}
