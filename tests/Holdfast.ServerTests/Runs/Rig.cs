using System.Text;
using Holdfast.Engine.Backup;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Restore;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Runs;

/// <summary>
/// A repository whose key is cheap to derive, and a state directory: backups and restores of real components run in it
/// as the program runs them, with lock, journal, executor, undos and the verification of what was written.
/// </summary>
internal class Rig : IAsyncDisposable
{
    public const string Password = "correct horse", Platform = "test";
    private static readonly DateTimeOffset _firstRun = new(2026, 11, 22, 21, 4, 0, TimeSpan.Zero);
    private readonly TempFolder _folder = new();
    private readonly List<Repository> _opened = [];
    private int _runs;

    /// <summary>The repository as the last run has left it, for a test that looks into it.</summary>
    public Repository Repository => _opened[^1];

    /// <summary>What the last run said.</summary>
    public RunReport Said { get; private set; } = new();

    /// <summary>What a server refused in the last restore that kept going, as sentences.</summary>
    public IReadOnlyList<string> Lacking { get; private set; } = [];

    /// <summary>A run that fails may leave undos that could not be done; else that fails the test.</summary>
    public bool MayOwe { get; set; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string RepositoryPath => _folder["repository"];

    /// <summary>A path in the rig's folder.</summary>
    public string this[string name] => _folder[name];

    /// <summary>The id of the next run.</summary>
    public string RunId => Engine.Planning.RunId.At(_firstRun.AddSeconds(_runs), _runs);

    private RepositorySettings Settings => new(RepositoryPath, Password);

    private Profile Profile { get; } = ProfileReader.Parse(
        $"platform: {Platform}\ncomponents: {{ files: {{ groups: {{ unused: [/unused] }} }} }}\n", "/etc/x/profile.yaml");

    public static async Task<Rig> MakeAsync()
    {
        var rig = new Rig();
        await rig.InitAsync();
        return rig;
    }

    protected Rig()
    {
    }

    /// <summary>Makes the repository. Other users may pass through the folder: servers have their own.</summary>
    protected async Task InitAsync()
    {
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        var cheap = new InitOptions { KeyDerivation = KeyDerivation.Random };
        _opened.Add(await Repository.InitAsync(Settings.Backend, Password, cheap, cancellation: Cancellation));
    }

    /// <summary>Takes a point. A run that fails throws its problem.</summary>
    public async Task<TakenPoint> BackUpAsync(
        IComponent component, BackupMode mode = BackupMode.Online, RunHooks? hooks = null)
    {
        hooks ??= new RunHooks();
        var request = new BackupRequest
        {
            Profile = Profile, Repository = Settings, Components = [new HookedComponent(component, hooks)], Mode = mode,
            Platform = mode == BackupMode.Online ? null : new NoServices(hooks.StopStores),
        };
        var summary = await new BackupRun(Begin(), request).RunAsync(Cancellation);
        await EndAsync(summary.Outcome);
        return new TakenPoint(summary.Point!, summary.Manifest, Said, summary.Counters);
    }

    /// <summary>Restores. A run that fails throws its problem.</summary>
    /// <param name="component">What restores it.</param>
    /// <param name="point">The recovery point.</param>
    /// <param name="change">Adds to what is asked for.</param>
    /// <param name="hooks">What happens meanwhile.</param>
    public async Task<RunReport> RestoreAsync(
        IComponent component, Snapshot point, Func<RestoreRequest, RestoreRequest>? change = null,
        RunHooks? hooks = null)
    {
        var request = Request(component, point, change, hooks);
        await using var run = await RestoreRun.PrepareAsync(Begin(), request, Cancellation);
        var summary = await run.RunAsync(Cancellation);
        Lacking = summary.Lacking;
        await EndAsync(summary.Outcome);
        Assert.Empty(Said.Owed);
        return Said;
    }

    /// <summary>The component's steps of the plan that "restore --plan" shows.</summary>
    public async Task<IReadOnlyList<Step>> PlanRestoreAsync(
        IComponent component, Snapshot point, Func<RestoreRequest, RestoreRequest>? change = null,
        RunHooks? hooks = null)
    {
        var request = Request(component, point, change, hooks);
        await using var run = await RestoreRun.PrepareAsync(Begin(), request, Cancellation);
        return [.. (await run.PlanAsync(Cancellation)).Steps.Where(step => step.Component is not null)];
    }

    /// <summary>A run that is neither, opened and not begun.</summary>
    public Task<RepositoryRun> PrepareAsync(IComponent component) =>
        RepositoryRun.PrepareAsync(Begin(), Platform, Settings, component.UndoHandlers, Cancellation);

    /// <summary>Does such a run with steps of the component.</summary>
    protected async Task<RunReport> RunAsync(IComponent component, Func<RepositoryRun, Task<IReadOnlyList<Step>>> plan)
    {
        await using var run = await PrepareAsync(component);
        await EndAsync(await run.RunAsync("test", _ => plan(run), reads: true, Cancellation));
        return Said;
    }

    /// <summary>Does steps of the component that need no repository.</summary>
    public async Task<RunReport> ActAsync(
        IComponent component, Func<Task<IReadOnlyList<Step>>> plan, RunHooks? hooks = null,
        CancellationToken? cancellation = null)
    {
        var hooked = new HookedComponent(component, hooks ?? new RunHooks());
        var run = new PlannedRun(Begin(), Platform, Settings, hooked.UndoHandlers);
        async Task<Plan> PlanAsync(CancellationToken ended) => new("test", Platform, hooked.Hooked(await plan()));
        End(await run.RunAsync(PlanAsync, cancellation ?? Cancellation));
        Assert.Empty(Said.Owed);
        return Said;
    }

    /// <summary>Does what dead runs owe, as "recover" does.</summary>
    public async Task<RecoveredRun> RecoverAsync(IComponent component) =>
        Assert.Single(await new RecoverRun(Begin(), Platform, Settings, component.UndoHandlers).RunAsync());

    /// <summary>The text of a file of a point.</summary>
    public async Task<string> ReadAsync(TakenPoint taken, string path)
    {
        var node = await Repository.FindNodeAsync(taken.Point, path, Cancellation);
        Assert.True(node is not null, $"The point has no file {path}.");
        using var reader = new StreamReader(Repository.OpenFile(node));
        return await reader.ReadToEndAsync(Cancellation);
    }

    /// <summary>A point in which the text of one file is another, as whoever has the repository's password can make.</summary>
    public async Task<TakenPoint> ReplaceAsync(TakenPoint taken, string path, Func<string, string> change)
    {
        await using var writer = await Repository.BeginSnapshotAsync(cancellation: Cancellation);
        await foreach (var (found, node) in Repository.WalkAsync(taken.Point, cancellation: Cancellation))
            if (node.Type != NodeType.Directory) writer.AddNode(found, node);
        var (before, point) = (await ReadAsync(taken, path), taken.Point);
        var after = change(before);
        Assert.NotEqual(before, after);
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(after));
        await writer.AddStreamAsync(path, content, cancellation: Cancellation);
        var header = new SnapshotHeader { Paths = point.Paths, Hostname = point.Hostname, Tags = point.Tags };
        return taken with { Point = await writer.CommitAsync(header, Cancellation) };
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var repository in _opened) await repository.DisposeAsync();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private RunEnvironment Begin()
    {
        var id = RunId;
        (Said, _runs) = (new RunReport(), _runs + 1);
        var state = new StateDirectory(_folder["state"]);
        return new RunEnvironment
        {
            State = state, Host = "test", User = "test", Version = "0", Observer = Said, NewRunId = _ => id,
        };
    }

    private RestoreRequest Request(
        IComponent component, Snapshot point, Func<RestoreRequest, RestoreRequest>? change, RunHooks? hooks)
    {
        var hooked = new HookedComponent(component, hooks ?? new RunHooks());
        var request = new RestoreRequest
        {
            Repository = Settings, Compose = _ => [hooked], Profile = Profile, Point = point.Id.ToString(),
        };
        return change?.Invoke(request) ?? request;
    }

    private async Task EndAsync(RunOutcome outcome)
    {
        _opened.Add(await Repository.OpenAsync(Settings.Backend, Password, cancellation: Cancellation));
        End(outcome);
    }

    private void End(RunOutcome outcome)
    {
        if (!MayOwe) Assert.Empty(outcome.UndoFailures);
        if (outcome.Problem is { } problem) throw new ProblemException(problem);
    }
}
