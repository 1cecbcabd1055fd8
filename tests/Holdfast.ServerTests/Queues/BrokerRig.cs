using Holdfast.Components.Queues;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Points;
using Holdfast.Engine.Restore;
using Holdfast.Restic.Snapshots;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Queues;

/// <summary>A rig with a Redis server and the component that captures its queues. Celery works on it on demand.</summary>
internal sealed class BrokerRig : Rig
{
    private BrokerRig(RedisServer redis, QueuesSettings settings) => (Redis, Settings) = (redis, settings);

    public RedisServer Redis { get; }

    /// <summary>Of the profile; a test may go on with those of another one.</summary>
    public QueuesSettings Settings { get; set; }

    public QueuesComponent Component => new(Settings, new FixedSecret(""), TimeProvider.System);

    public static async Task<BrokerRig> StartAsync(
        Func<QueuesSettings, QueuesSettings>? change = null, params IReadOnlyList<string> redis)
    {
        var server = await RedisServer.StartAsync(redis);
        var settings = new QueuesSettings
        {
            Connection = new RedisSettings { Port = server.Port }, Queues = ["work", "other"], Lists = ["plain"],
            Pause = TimeSpan.FromMilliseconds(200), DrainTimeout = TimeSpan.FromSeconds(20),
            InspectTimeout = TimeSpan.FromSeconds(3),
        };
        var rig = new BrokerRig(server, change?.Invoke(settings) ?? settings);
        await rig.InitAsync();
        return rig;
    }

    public CeleryApp Celery(params IEnumerable<(string Name, string Value)> options) =>
        new(
            $"redis://127.0.0.1:{Redis.Port}/{Settings.Connection.Database}", string.Join(',', Settings.Queues), options);

    /// <summary>Waits until the status is as it should be, for what workers do in their own time.</summary>
    public async Task<BrokerStatus> UntilAsync(Func<BrokerStatus, bool> holds)
    {
        BrokerStatus? status = null;
        await Eventually.HoldsAsync(
            "the status is as it should be", async () => holds(status = await Component.ReadAsync(Cancellation)),
            () => $"Still {status}.");
        return status!;
    }

    /// <summary>Takes a point online, or in a window that waits until the queues are idle.</summary>
    public Task<TakenPoint> CaptureAsync(bool drains = false) =>
        BackUpAsync(Component, drains ? BackupMode.Quiesced : BackupMode.Online);

    public Task DrainAsync() => CaptureAsync(drains: true);

    public Task RestoreAsync(
        TakenPoint taken, bool overwrite = false, string? target = null, Action<Manifest>? amend = null)
    {
        RestoreRequest Change(RestoreRequest request) => request with { Overwrite = overwrite, Target = target };
        return RestoreAsync(Component, taken.Point, Change, new RunHooks { Amend = amend });
    }

    /// <summary>As "queues restore" does.</summary>
    public Task AddAsync(TakenPoint taken, bool again = false)
    {
        var component = Component;
        return RunAsync(
            component, run => component.PlanPutBackAsync(run.Repository, taken.Point, [], again, Cancellation));
    }

    /// <summary>The lines of a queue's file, as the stock restic gives them.</summary>
    public async Task<string[]> FileAsync(Snapshot point, string file)
    {
        string[] dump = ["dump", point.Id.ToString(), $"/queues/main/{file}.jsonl"];
        var dumped = (await ResticBinary.Find().RunAsync(RepositoryPath, Password, dump)).Succeeded();
        return dumped.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public override async ValueTask DisposeAsync()
    {
        await Redis.DisposeAsync();
        await base.DisposeAsync();
    }
}
