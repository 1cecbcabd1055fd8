using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Restore;

/// <summary>The result of a restore.</summary>
/// <param name="Outcome">How the run ended.</param>
/// <param name="Point">The point that was restored.</param>
/// <param name="Manifest">The manifest of the point.</param>
/// <param name="Failed">The number of paths that could not be restored, although the rest was.</param>
/// <param name="Lacking">The parts that a server refused of databases that were kept nevertheless, as
/// sentences.</param>
public sealed record RestoreSummary(RunOutcome Outcome, Snapshot Point, Manifest Manifest, long Failed, IReadOnlyList<string> Lacking)
{
    /// <summary>True when everything requested was restored; an undo of an earlier run may still be pending.</summary>
    public bool IsComplete => Outcome.Succeeded && Failed == 0 && !Outcome.LeftOut;

    /// <summary>
    /// True when no step restored anything: it had been restored before, or the profile does not name it.
    /// </summary>
    public bool IsUnchanged { get; init; }

    /// <summary>The exit code of the program.</summary>
    public ExitCode Exit => Outcome.Exit;
}

/// <summary>
/// Restores a recovery point. Preparing it opens the repository, finds the point and reads its manifest, so that the
/// plan can be shown; nothing is changed or locked until it runs.
/// </summary>
public sealed class RestoreRun : IAsyncDisposable
{
    private readonly RunEnvironment _environment;
    private readonly RestoreRequest _request;
    private readonly RepositoryHold _hold;
    private readonly string _id;
    private readonly RestoreSession _session;

    private RestoreRun(RunEnvironment environment, RestoreRequest request, RepositoryHold hold, FoundPoint found, Profile profile)
    {
        (_environment, _request, _hold, Point, Manifest, Warnings, Profile) = (environment, request, hold, found.Point, found.Manifest, found.Warnings, profile);
        Components = request.Compose(profile);
        _id = environment.NewRunId(environment.Clock);
        _session = NewSession();
    }

    public Snapshot Point { get; }
    public Manifest Manifest { get; }

    /// <summary>Warnings from the preparation; they have been passed to the observer.</summary>
    public IReadOnlyList<Problem> Warnings { get; }

    /// <summary>The profile of the restore.</summary>
    public Profile Profile { get; }

    /// <summary>
    /// The actions of a profile that comes from the recovery point. Unless it only names files, a person must confirm
    /// them before a plan or a run, which perform them. Null for a profile of this machine.
    /// </summary>
    public ProfileReach? Reach => _request.Profile is not null ? null
        : _request.Target is null ? ProfileReach.Of(Profile) : ProfileReach.Of(Profile) with { Files = [] };

    /// <summary>
    /// The objects of the point that the profile does not select, such as files and indices, by name: the last plan
    /// leaves them out, because another machine made the point.
    /// </summary>
    public IReadOnlyList<string> Unselected => _session.Unselected;

    /// <summary>True when a person has confirmed that <see cref="Unselected"/> is written.</summary>
    public void WriteUnselected() => _session.WritesUnselected = true;

    private IReadOnlyList<IComponent> Components { get; }

    /// <summary>Opens the repository and finds the point.</summary>
    /// <exception cref="ProblemException">The point does not exist, or cannot be read.</exception>
    public static async Task<RestoreRun> PrepareAsync(RunEnvironment environment, RestoreRequest request, CancellationToken cancellation)
    {
        var hold = new RepositoryHold(request.Repository);
        try
        {
            if (request.Target is { } target) RestoreTarget.Check(target);
            var search = new PointSearch(await hold.OpenAsync(cancellation), problem => environment.Observer.OnEvent(new Warned(0, problem) { Time = environment.Clock.GetUtcNow() }));
            var found = await search.FindAsync(request, cancellation);
            return new RestoreRun(environment, request, hold, found, request.Profile ?? await search.Points.ReadProfileAsync(found.Point, cancellation));
        }
        catch (Exception failure)
        {
            await hold.DisposeAsync();
            throw failure.ToThrowable();
        }
    }

    /// <summary>Makes the plan of a run. It queries servers, and changes nothing.</summary>
    public async Task<Plan> PlanAsync(CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        _session.IsForShow = true;
        return await Abandonable.RunAsync(() => PlanAsync(interruption, cancellation), _environment.Clock, cancellation);
    }

    /// <summary>
    /// Makes the plan of a run, as far as possible without performing anything that the profile names: no command runs,
    /// no secret is read, no server is queried.
    /// </summary>
    public async Task<Plan> OutlineAsync(CancellationToken cancellation)
    {
        _session.IsForShow = true;
        var steps = new List<Step>();
        foreach (var component in Selected())
            steps.AddRange(component.PlansRestoreAlone ? await component.PlanRestoreAsync(_session, cancellation) : [Unplanned(component)]);
        return new Plan("restore", Profile.Platform, steps);
    }

    /// <summary>
    /// Runs the restore. Failures of the run itself are in the outcome; what prevents it from starting is thrown.
    /// </summary>
    public async Task<RestoreSummary> RunAsync(CancellationToken cancellation)
    {
        using var interruption = new Interruption(cancellation);
        using var frame = await RunFrame.EnterAsync(_environment with { Profile = Profile }, _id, Profile.Platform, [_hold, .. Components.SelectMany(component => component.UndoHandlers)], Warnings);
        _session.IsForShow = false;
        var plan = await Abandonable.RunAsync(() => PlanAsync(interruption, cancellation), _environment.Clock, cancellation);
        var outcome = await frame.RunAsync(plan, interruption);
        return new RestoreSummary(outcome, Point, Manifest, _session.Failed, _session.Lacking)
        {
            IsUnchanged = _session.LeftAlone > 0 && _session.LeftAlone == plan.Steps.Count(step => step.Component is not null),
        };
    }

    public ValueTask DisposeAsync() => _hold.DisposeAsync();

    private RestoreSession NewSession() => new()
    {
        Repository = _hold.Repository, Point = Point, Manifest = Manifest, Target = _request.Target, Overwrite = _request.Overwrite,
        Only = _request.Only, Include = _request.Include, Exclude = _request.Exclude, Recovery = _request.Recovery, Indices = _request.Indices, Files = _request.Files,
        AsideSuffix = MovedAside.Suffix(_id), HasOwnProfile = _request.Profile is null,
        IsOurs = _request.Target is null && new RunHistory(_environment.State).HasMade(Point, Manifest),
        Report = text => _environment.Observer.OnEvent(new Noted(0, text) { Time = _environment.Clock.GetUtcNow() }),
    };

    private async Task<Plan> PlanAsync(Interruption interruption, CancellationToken cancellation)
    {
        var restores = new List<Step>();
        foreach (var component in Selected())
        {
            var steps = await component.PlanRestoreAsync(_session, cancellation);
            restores.AddRange(steps);
            if (component.PlansRestoreAlone && steps.Count > 0 && _request.Target is null) restores.AddRange(await AfterFilesAsync(component, cancellation));
        }
        if (restores.Count == 0 && _request.Include.Count > 0)
            throw Catalogue.RestoreNothing.Throwable($"Nothing in the recovery point {Point.Id.ToShortString()} fits {string.Join(" or ", _request.Include.Select(pattern => $"'{pattern}'"))}, so nothing was done.");
        return new Plan("restore", Profile.Platform, _request.NoLock ? restores : [LockStep(interruption), .. restores, ReleaseStep]);
    }

    private Task<IReadOnlyList<Step>> AfterFilesAsync(IComponent component, CancellationToken cancellation)
    {
        var folder = Manifest.Components.First(record => record.Name == component.Name).Path;
        return _request.AfterFiles(async path => await _hold.Repository.FindNodeAsync(Point, folder + path, cancellation) is not null);
    }

    /// <summary>
    /// The selected components of the point. A part of the point that no component can restore is reported.
    /// </summary>
    private IReadOnlyList<IComponent> Selected()
    {
        var selected = FindSelected();
        return !_request.Recovery.HasTarget || selected.Any(component => component.Name.StartsWith("postgres/", StringComparison.Ordinal)) ? selected
            : throw Catalogue.PostgresTarget.Throwable("A target of recovery is given, and no PostgreSQL cluster is restored.", "Leave --to and the options like it away.");
    }

    private IReadOnlyList<IComponent> FindSelected()
    {
        var able = Components.Where(component => Manifest.Components.Any(record => record.Name == component.Name)).ToList();
        var orphan = _request.Only.Count > 0 ? null : Manifest.Components.FirstOrDefault(record => able.All(component => component.Name != record.Name));
        return orphan is null
            ? WithParts(ComponentChoice.Of(able, _request.Only))
            : throw Catalogue.ComponentUnknown.Throwable(
                $"The point holds '{orphan.Name}', which the profile {Profile.File} does not describe.", "Add it to the profile, leave the profile out so that the point's own is used, or name with --only what to restore.");
    }

    /// <summary>Of several components of a kind, those that hold the selected parts.</summary>
    private IReadOnlyList<IComponent> WithParts(IReadOnlyList<IComponent> components)
    {
        var divided = components.Where(component => Selection.NamesPart(component.Name, component.Kind, _request.Only))
            .ToDictionary(component => component.Name, component => component.PartsOf(Manifest.Components.First(record => record.Name == component.Name)), StringComparer.Ordinal);
        Selection.RequireParts([.. components.Where(component => divided.ContainsKey(component.Name)).Select(component => (component.Name, component.Kind, divided[component.Name]))], _request.Only);
        return [.. components.Where(component => Selection.PartsOf(component.Name, component.Kind, _request.Only) is not { } asked || divided[component.Name]?.Intersect(asked, StringComparer.Ordinal).Any() is true)];
    }

    private static Step Unplanned(IComponent component) => new()
    {
        Name = $"Restore {component.Name}", Component = component.Name, Destroys = true,
        Does = "Its steps are not known yet: the profile has not been confirmed, so nothing that it names was run, read or asked.",
        Act = (_, _) => throw new InvalidOperationException("A step of an outline was run."),
    };

    private Step LockStep(Interruption interruption) => new()
    {
        Name = "Lock the repository", Does = "Put a shared lock on it, so that nobody removes what is being read.",
        Act = (context, cancellation) => _hold.LockToReadAsync(context, interruption, cancellation),
    };

    private Step ReleaseStep => new() { Name = "Release the repository", Does = "Take the lock off.", Act = _hold.ReleaseAsync };
}
