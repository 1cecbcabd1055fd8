using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Execution;

/// <summary>
/// A run that is neither a backup nor a restore but works with the repository, such as the archiving of messages.
/// Preparing it opens the repository, so that the plan can be shown; nothing is changed or locked until it runs.
/// </summary>
public sealed class RepositoryRun : IAsyncDisposable
{
    private readonly RunEnvironment _environment;
    private readonly RepositoryHold _hold;
    private readonly string _platform;
    private readonly IReadOnlyList<IUndoHandler> _handlers;

    private RepositoryRun(RunEnvironment environment, string platform, RepositoryHold hold, IReadOnlyList<IUndoHandler> handlers)
    {
        (_environment, _platform, _hold, _handlers) = (environment, platform, hold, handlers);
        Id = environment.NewRunId(environment.Clock);
    }

    /// <summary>The id of the run in the journal.</summary>
    public string Id { get; }

    /// <summary>The repository: opened, and locked while the steps run.</summary>
    public Repository Repository => _hold.Repository;

    /// <summary>Opens the repository.</summary>
    /// <param name="environment">The environment of the run: clock, names, state directory and observer.</param>
    /// <param name="platform">The platform that the run belongs to.</param>
    /// <param name="repository">Where the repository is.</param>
    /// <param name="handlers">The handlers of the undos that this run and dead runs may register.</param>
    /// <param name="cancellation">Cancels the opening.</param>
    /// <exception cref="ProblemException">The repository cannot be opened.</exception>
    public static async Task<RepositoryRun> PrepareAsync(
        RunEnvironment environment, string platform, RepositorySettings repository, IReadOnlyList<IUndoHandler> handlers, CancellationToken cancellation)
    {
        var hold = new RepositoryHold(repository);
        try
        {
            await hold.OpenAsync(cancellation);
            return new RepositoryRun(environment, platform, hold, handlers);
        }
        catch (Exception failure)
        {
            await hold.DisposeAsync();
            throw failure.ToThrowable();
        }
    }

    /// <summary>Begins a snapshot for a step to commit; it is abandoned when the run fails.</summary>
    public async Task<SnapshotWriter> BeginSnapshotAsync(CancellationToken cancellation) => _hold.Writer = await Repository.BeginSnapshotAsync(cancellation: cancellation);

    /// <summary>Commits the snapshot that was begun, with the names of this host and user.</summary>
    public Task<Snapshot> CommitSnapshotAsync(IReadOnlyList<string> paths, IReadOnlyList<string> tags, CancellationToken cancellation)
    {
        var writer = _hold.Writer ?? throw new InvalidOperationException("No snapshot has been begun.");
        return writer.CommitAsync(new SnapshotHeader { Paths = paths, Hostname = _environment.Host, Username = _environment.User, Tags = tags }, cancellation);
    }

    /// <summary>The plan around these steps.</summary>
    public Plan Plan(string verb, IReadOnlyList<Step> steps) => Plan(verb, steps, LockStep((_, _) => Task.CompletedTask));

    /// <summary>
    /// Runs the steps, which are planned after the pending undos of dead runs have been performed. Failures of the run
    /// itself are in the outcome; what prevents it from starting is thrown.
    /// </summary>
    /// <param name="verb">The verb that the journal records.</param>
    /// <param name="steps">Plans the steps that run under the lock.</param>
    /// <param name="reads">The run only reads, so a repository that cannot be written is read without a lock.</param>
    /// <param name="cancellation">Stops the run; its pending undos are rolled back.</param>
    /// <exception cref="ProblemException">Another run is in progress, a server does not respond, or the journal cannot
    /// be written.</exception>
    public async Task<RunOutcome> RunAsync(string verb, Func<CancellationToken, Task<IReadOnlyList<Step>>> steps, bool reads, CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        using var frame = await RunFrame.EnterAsync(_environment, Id, _platform, [_hold, .. _handlers], []);
        var plan = Plan(verb, await Abandonable.RunAsync(() => steps(cancellation), _environment.Clock, cancellation), LockStep((context, token) => reads ? _hold.LockToReadAsync(context, interruption, token) : _hold.LockAsync(context, interruption, token)));
        return await frame.RunAsync(plan, interruption);
    }

    public ValueTask DisposeAsync() => _hold.DisposeAsync();

    private Plan Plan(string verb, IReadOnlyList<Step> steps, Step first) => new(verb, _platform,
        [first, .. steps, new Step { Name = "Release the repository", Does = "Take the lock off.", Act = _hold.ReleaseAsync }]);

    private static Step LockStep(Func<StepContext, CancellationToken, Task> act) =>
        new() { Name = "Lock the repository", Does = "Put a shared lock on it, so that nobody removes what is being read or written.", Act = act };
}
