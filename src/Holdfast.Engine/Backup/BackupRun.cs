using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Backup;

/// <summary>The options of a backup.</summary>
public sealed record BackupRequest
{
    public required Profile Profile { get; init; }
    public required RepositorySettings Repository { get; init; }

    /// <summary>All components of the profile, in the order in which they are captured.</summary>
    public required IReadOnlyList<IComponent> Components { get; init; }

    /// <summary>Stops and starts the platform; null when the profile names no services.</summary>
    public IPlatformControl? Platform { get; init; }

    /// <summary>The mode of the backup; by default quiesced where that is possible.</summary>
    public BackupMode? Mode { get; init; }

    /// <summary>Warnings from before the run; they are recorded in the point.</summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];

    /// <summary>
    /// Names or kinds of components; empty means all. A point made with a selection is marked as partial.
    /// </summary>
    public IReadOnlyList<string> Only { get; init; } = [];
}

/// <summary>
/// The result of a backup. <see cref="Point"/> is null when the backup failed: the repository then has no new recovery
/// point.
/// </summary>
public sealed record BackupSummary(RunOutcome Outcome, Snapshot? Point, Manifest Manifest, ArchiveCounters Counters)
{
    /// <summary>New files, those of dumps included; the manifest and the profile of the point are not counted.</summary>
    public long FilesNew => Counters.FilesNew - BackupSteps.OwnFiles;

    public bool IsComplete => Manifest.Components.All(component => component.Complete);

    /// <summary>The exit code of the program.</summary>
    public ExitCode Exit => Outcome.Succeeded && !IsComplete ? ExitCode.Incomplete : Outcome.Exit;
}

/// <summary>
/// Takes a recovery point. A component that fails ends the run without a point: a point that lacks a database would be
/// trusted when it is needed. A point that only lacks files is made, and marked as incomplete.
/// </summary>
public sealed class BackupRun(RunEnvironment environment, BackupRequest request)
{
    /// <summary>Makes the plan of a run. It queries servers, and changes nothing.</summary>
    /// <exception cref="ProblemException">The plan cannot be made.</exception>
    public async Task<Plan> PlanAsync(CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        await using var hold = new RepositoryHold(request.Repository);
        var steps = new BackupSteps(environment, request, hold, interruption, NewSession("plan"));
        return await Abandonable.RunAsync(() => PlanAsync(steps, cancellation), environment.Clock, cancellation);
    }

    /// <summary>
    /// Runs the backup. Failures of the run itself are in the outcome; what prevents it from starting is thrown.
    /// </summary>
    /// <exception cref="ProblemException">Another run is in progress, a server does not respond, or the journal cannot
    /// be written.</exception>
    public async Task<BackupSummary> RunAsync(CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        await using var hold = new RepositoryHold(request.Repository);
        using var frame = await RunFrame.EnterAsync(environment, environment.NewRunId(environment.Clock), request.Profile.Platform, UndoHandlers(hold), request.Warnings);
        await using var session = NewSession(frame.Id);
        var steps = new BackupSteps(environment, request, hold, interruption, session);
        var outcome = await frame.RunAsync(await Abandonable.RunAsync(() => PlanAsync(steps, cancellation), environment.Clock, cancellation), interruption);
        return new BackupSummary(outcome, outcome.Succeeded ? steps.Point : null, session.Manifest, steps.Counters);
    }

    private async Task<Plan> PlanAsync(BackupSteps steps, CancellationToken cancellation)
    {
        var captures = new List<CapturePlan>();
        Selection.RefuseParts(request.Only);
        foreach (var component in ComponentChoice.Of(request.Components, request.Only)) captures.Add(await component.PlanCaptureAsync(steps.Session, cancellation));
        return new Plan("backup", request.Profile.Platform, [.. steps.Before, .. await InOrderAsync(captures, steps.Session, cancellation), .. steps.After])
        {
            Warnings = [.. captures.SelectMany(capture => capture.Warnings)],
        };
    }

    /// <summary>
    /// The order of the steps in each mode: without a window, with the window around the marks, or with it around
    /// everything.
    /// </summary>
    private async Task<IEnumerable<Step>> InOrderAsync(IReadOnlyList<CapturePlan> captures, CaptureSession session, CancellationToken cancellation)
    {
        var (before, drain, mark, after) = (Phase(plan => plan.Before), Phase(plan => plan.Drain), Phase(plan => plan.Mark), Phase(plan => plan.After));
        var down = Phase(plan => plan.Down).ToList();
        if (session.Mode == BackupMode.Online) return [.. before, .. mark, .. after];
        if (request.Platform is null)
            throw Catalogue.WindowUnknown.Throwable($"The profile {request.Profile.File} names no services, so the platform cannot be brought to stand still.");
        var plan = await request.Platform.PlanWindowAsync(withStores: down.Count > 0, cancellation);
        session.WasStopped = plan.WasStopped;
        var window = new Window(plan with { OnlineWhenLate = plan.OnlineWhenLate && down.Count == 0 }, session, environment.Clock);
        return session.Mode == BackupMode.Cold
            ? [.. window.Open(drain), .. before, .. mark, .. after, .. window.Deepen(), .. down, .. window.Close()]
            : [.. before, .. window.Open(drain), .. window.Hold(mark), .. window.Close(), .. after];

        IEnumerable<Step> Phase(Func<CapturePlan, IReadOnlyList<Step>> steps) => captures.SelectMany(steps);
    }

    private IReadOnlyList<IUndoHandler> UndoHandlers(RepositoryHold hold) =>
        [hold, .. request.Platform?.UndoHandlers ?? [], .. request.Components.SelectMany(component => component.UndoHandlers)];

    private CaptureSession NewSession(string run) => new()
    {
        Manifest = new Manifest
        {
            Platform = request.Profile.Platform, RunId = run, Mode = request.Mode ?? (request.Platform is null ? BackupMode.Online : BackupMode.Quiesced), HoldfastVersion = environment.Version, Host = environment.Host,
            Started = environment.Clock.GetUtcNow(),
        },
    };
}
