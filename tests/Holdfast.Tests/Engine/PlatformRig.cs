using Holdfast.Engine.Backup;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Restore;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;

namespace Holdfast.Tests.Engine;

/// <summary>A platform of two things with a real repository and a real state directory.</summary>
internal sealed class PlatformRig : IRunObserver, IDisposable
{
    public const string Password = "hunter2-correct-horse";

    private readonly TempFolder _folder = new();
    private static int _runs;

    public string RepositoryPath => _folder["repository"];
    public string StatePath => _folder["state"];
    public ThingsComponent A { get; } = new("a");
    public ThingsComponent B { get; } = new("b");
    public List<RunEvent> Events { get; } = [];
    public Action<RunEvent>? OnEach { get; set; }
    public string Platform { get; init; } = "sample";
    public string OpenWith { get; init; } = Password;

    public static async Task<PlatformRig> MakeAsync()
    {
        var rig = new PlatformRig();
        await using var made = await Repository.InitAsync(new LocalBackend(rig.RepositoryPath), Password, new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) });
        return rig;
    }

    /// <summary>The same repository and state for another platform, or with another password.</summary>
    public PlatformRig As(string platform, string? password = null) => new(_folder) { Platform = platform, OpenWith = password ?? Password };

    public PlatformRig()
    {
    }

    private PlatformRig(TempFolder shared) => _folder = shared;

    public RepositorySettings Settings => new(RepositoryPath, OpenWith);

    public Profile Profile => ProfileReader.Parse($"platform: {Platform}\ncomponents: {{ postgres: [ {{ name: unused }} ] }}\n", "/etc/holdfast/profile.yaml");

    public RunEnvironment Environment => new()
    {
        State = new StateDirectory(StatePath), Host = "db1", User = "root", Version = "0.1.0", Observer = this, NewRunId = _ => $"run-{Platform}-{Interlocked.Increment(ref _runs):000000}",
    };

    /// <summary>What stops the platform; null as in a profile without services.</summary>
    public IPlatformControl? Control { get; set; }
    public BackupMode? Mode { get; set; }

    public BackupRun Backup(params string[] only) =>
        new(Environment, new BackupRequest { Profile = Profile, Repository = Settings, Components = [A, B], Platform = Control, Mode = Mode, Only = only });

    public Task<BackupSummary> BackUpAsync(params string[] only) => Backup(only).RunAsync(CancellationToken.None);

    public RestoreRequest Request => new() { Repository = Settings, Compose = _ => [A, B] };

    public async Task<RestoreSummary> RestoreAsync(RestoreRequest request)
    {
        await using var run = await RestoreRun.PrepareAsync(Environment, request, CancellationToken.None);
        return await run.RunAsync(CancellationToken.None);
    }

    public async Task<IReadOnlyList<Snapshot>> SnapshotsAsync() => await WithRepositoryAsync(repository => repository.ListSnapshotsAsync());

    public async Task<T> WithRepositoryAsync<T>(Func<Repository, Task<T>> ask)
    {
        await using var repository = await Repository.OpenAsync(new LocalBackend(RepositoryPath), Password);
        return await ask(repository);
    }

    public IEnumerable<string> Locks => Directory.EnumerateFiles(Path.Combine(RepositoryPath, "locks"));

    public void OnEvent(RunEvent happened)
    {
        Events.Add(happened);
        OnEach?.Invoke(happened);
    }

    public void Dispose() => _folder.Dispose();
}
