using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Execution;

/// <summary>
/// A run that is neither a backup nor a restore, but works with the repository: messages are archived, say. It is prepared first
/// (the repository opened), so that a person can look at the plan; nothing is changed or locked until it runs.
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

    /// <summary>Names the run in the journal.</summary>
    public string Id { get; }

    /// <summary>Opened; locked while the steps run.</summary>
    public Repository Repository => _hold.Repository;

    /// <summary>Opens the repository.</summary>
    /// <param name="environment">What it meets outside.</param>
    /// <param name="platform">The platform that it is for.</param>
    /// <param name="repository">Where the repository is.</param>
    /// <param name="handlers">The undos that this run and dead ones may owe.</param>
    /// <param name="cancellation">Ends the opening.</param>
    /// <exception cref="ProblemException">It can not be opened.</exception>
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

    /// <summary>Begins a snapshot that is given up with the run, for a step to commit.</summary>
    public async Task<SnapshotWriter> BeginSnapshotAsync(CancellationToken cancellation) => _hold.Writer = await Repository.BeginSnapshotAsync(cancellation: cancellation);

    /// <summary>Makes the snapshot that was begun durable, under the names of this host and user.</summary>
    public Task<Snapshot> CommitSnapshotAsync(IReadOnlyList<string> paths, IReadOnlyList<string> tags, CancellationToken cancellation)
    {
        var writer = _hold.Writer ?? throw new InvalidOperationException("No snapshot has been begun.");
        return writer.CommitAsync(new SnapshotHeader { Paths = paths, Hostname = _environment.Host, Username = _environment.User, Tags = tags }, cancellation);
    }

    /// <summary>The plan round these steps.</summary>
    public Plan Plan(string verb, IReadOnlyList<Step> steps) => Plan(verb, steps, LockStep((_, _) => Task.CompletedTask));

    /// <summary>Does it. The steps are planned when what dead runs owed has been done. Failures of the run itself are in the outcome, what keeps it from beginning is thrown.</summary>
    /// <param name="verb">What the journal calls it.</param>
    /// <param name="steps">Plans what is done under the lock.</param>
    /// <param name="reads">It only reads, so a repository that can't be written is read without a lock.</param>
    /// <param name="cancellation">Ends the run; what it owes is undone.</param>
    /// <exception cref="ProblemException">Another run is in progress, a server does not answer, the journal can not be written ...</exception>
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
