using Holdfast.Components.Queues;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>A Redis server, a Celery application on it, and the component that captures its queues into a repository.</summary>
internal sealed class BrokerRig : IAsyncDisposable
{
    private static readonly KeyDerivation Cheap = new(1024, 8, 1);
    private readonly TempFolder _folder = new();
    private Repository? _repository;
    private int _runs;

    private BrokerRig(RedisServer redis, QueuesSettings settings) => (Redis, Settings) = (redis, settings);

    public RedisServer Redis { get; }
    public QueuesSettings Settings { get; set; }
    public RecordedContext Context { get; private set; } = new("run");
    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public QueuesComponent Component => new(Settings, new NoSecrets(), TimeProvider.System);

    public static async Task<BrokerRig> StartAsync(Func<QueuesSettings, QueuesSettings>? change = null, params IReadOnlyList<string> redis)
    {
        var server = await RedisServer.StartAsync(redis);
        var settings = new QueuesSettings
        {
            Connection = new RedisSettings { Port = server.Port }, Queues = ["work", "other"], Lists = ["plain"], Pause = TimeSpan.FromMilliseconds(200),
            DrainTimeout = TimeSpan.FromSeconds(20), InspectTimeout = TimeSpan.FromSeconds(3),
        };
        return new BrokerRig(server, change?.Invoke(settings) ?? settings);
    }

    public CeleryApp Celery(params IEnumerable<(string Name, string Value)> options) =>
        new($"redis://127.0.0.1:{Redis.Port}/{Settings.Connection.Database}", string.Join(',', Settings.Queues), options);

    /// <summary>Waits until the status is as it should be, for what workers do in their own time.</summary>
    public async Task<BrokerStatus> UntilAsync(Func<BrokerStatus, bool> holds)
    {
        for (var left = 100; ; left--)
        {
            var status = await Component.ReadAsync(Cancellation);
            if (holds(status)) return status;
            Assert.True(left > 0, $"Still {status}.");
            await Task.Delay(100, Cancellation);
        }
    }

    /// <summary>Takes a point of the queues alone: the steps of the phases that are named.</summary>
    public async Task<(Snapshot Point, Manifest Manifest)> CaptureAsync(bool drains = false, bool before = false)
    {
        _repository ??= await Repository.InitAsync(new LocalBackend(_folder["repository"]), "secret", new InitOptions { KeyDerivation = Cheap }, cancellation: Cancellation);
        Context = new RecordedContext($"run{++_runs}");
        await using var writer = await _repository.BeginSnapshotAsync(cancellation: Cancellation);
        var manifest = new Manifest { Platform = "test", RunId = Context.RunId, Mode = BackupMode.Online, HoldfastVersion = "0", Host = "test" };
        var session = new CaptureSession { Manifest = manifest, Writer = writer, Repository = _repository };
        var plan = await Component.PlanCaptureAsync(session, Cancellation);
        if (before)
            foreach (var step in plan.Before) await step.Act(Context, Cancellation);
        foreach (var step in drains ? plan.Drain.Concat(plan.Mark) : plan.Mark) await step.Act(Context, Cancellation);
        return (await writer.CommitAsync(new SnapshotHeader { Paths = ["/queues"], Hostname = "test" }, Cancellation), manifest);
    }

    public Task DrainAsync() => CaptureAsync(drains: true);

    public async Task RestoreAsync(Snapshot point, Manifest manifest, bool overwrite = false, string? target = null)
    {
        Context = new RecordedContext($"run{++_runs}");
        var session = new RestoreSession { Repository = _repository!, Point = point, Manifest = manifest, AsideSuffix = $".before-{Context.RunId}", Overwrite = overwrite, Target = target };
        foreach (var step in await Component.PlanRestoreAsync(session, Cancellation)) await step.Act(Context, Cancellation);
    }

    /// <summary>As "queues restore" does.</summary>
    public async Task AddAsync(Snapshot point, bool again = false)
    {
        Context = new RecordedContext($"run{++_runs}");
        foreach (var step in await Component.PlanPutBackAsync(_repository!, point, [], again, Cancellation)) await step.Act(Context, Cancellation);
    }

    /// <summary>The lines of a queue's file, as the stock restic gives them.</summary>
    public async Task<string[]> FileAsync(Snapshot point, string file) =>
        (await ResticBinary.Find().RunAsync(_folder["repository"], "secret", "dump", point.Id.ToString(), $"/queues/main/{file}.jsonl")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async ValueTask DisposeAsync()
    {
        if (_repository is not null) await _repository.DisposeAsync();
        await Redis.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class NoSecrets : ISecretReader
    {
        public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => throw new InvalidOperationException("No secret is needed here.");
    }
}
