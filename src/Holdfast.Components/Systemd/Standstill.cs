using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Systemd;

/// <summary>
/// One period in which the platform is quiesced. The running units are read when it begins, not when it is planned,
/// which may be hours earlier. Before any unit is stopped, the undo that starts the units again is registered.
/// </summary>
internal sealed class Standstill(IHost host, PlatformSettings settings, LeftOverSearch leftOvers, TimeProvider clock, StandstillOptions options)
{
    private readonly Systemctl _systemctl = new(host);
    private readonly UnitStopper _stopper = new(new Systemctl(host), clock);
    private readonly UnitStarter _starter = new(new Systemctl(host), settings, clock);
    private IReadOnlyList<GroupUnits> _groups = [];
    private IReadOnlySet<uint> _users = new HashSet<uint>();
    private StopOrder? _stopping;
    private Undo? _owed;
    private bool _storesAreDown;

    /// <summary>The units that ran; empty before they have been recorded.</summary>
    public StartOrder Ran { get; private set; } = StartOrder.Empty;

    /// <summary>Finds out what is to be stopped; users are still served.</summary>
    public IReadOnlyList<Step> Prepare => [Step("Record what runs", "Ask systemd what runs of the platform, and write down that it is to be started again.", RecordAsync)];

    /// <summary>Stops the units that create work.</summary>
    public IReadOnlyList<Step> Stop =>
    [
        Step("Stop timers", "Stop the timers and path units that would start units of the platform again.", StopTriggersAsync),
        .. Groups.Where(group => group.Turn == 0).Select(StopStep),
    ];

    /// <summary>Stops what does the work, and looks that nothing is left.</summary>
    public IReadOnlyList<Step> StopWorkers =>
    [
        .. Groups.Where(group => group.Turn == 1).Select(StopStep),
        Step("Look that the platform stands still", "Look for units that came back, processes that are left, and PID files of processes that are gone.", CheckAsync),
    ];

    /// <summary>Stops what holds the data, when that is wanted, and looks that nothing is left of it either.</summary>
    public IReadOnlyList<Step> StopStores => !options.WithStores ? [] :
    [
        .. Groups.Where(group => group.Turn == 2).Select(StopStep),
        Step("Look that the stores are down", "Look once more for units that came back, processes that are left, and PID files of processes that are gone.", CheckStoresAsync),
    ];

    /// <summary>Starts all that was stopped, also when only some of it was.</summary>
    public IReadOnlyList<Step> Start =>
    [
        .. Groups.Reverse().Select(group => Step($"Start {group.Name}", $"Start again what ran of {Names(group)}.", (context, cancellation) => StartAsync(group, context, cancellation))),
        Step("Start timers", "Start the timers and path units again.", StartTriggersAsync),
    ];

    /// <summary>Looks that everything stays up.</summary>
    public IReadOnlyList<Step> Watch => [Step("Watch the platform", "Watch that all units stay up.", WatchAsync)];

    private IEnumerable<ServiceGroup> Groups => settings.Groups.Where(group => options.WithStores || !group.IsStore).OrderBy(group => group.Turn);

    /// <summary>Reads the units that a stop would stop now.</summary>
    /// <exception cref="ProblemException">The platform could not be started again, or systemd does not
    /// answer.</exception>
    public async Task<(StopOrder Order, IReadOnlyList<GroupUnits> Groups, IReadOnlyList<Problem> Warnings)> SurveyAsync(CancellationToken cancellation)
    {
        var survey = new UnitSurvey(_systemctl, settings);
        var groups = await survey.FindAsync(cancellation);
        var maker = new StopOrderMaker(survey, groups, options.WithStores, leftOvers.OwnControlGroup, File.Exists);
        return (await maker.MakeAsync(cancellation), groups, maker.Warnings);
    }

    private async Task RecordAsync(StepContext context, CancellationToken cancellation)
    {
        (_stopping, _groups, var warnings) = await SurveyAsync(cancellation);
        foreach (var warning in warnings) context.Warn(warning);
        _users = await leftOvers.FindUsersAsync([.. _groups.SelectMany(group => group.Units), .. _stopping.Units], host, cancellation);
        Ran = _stopping.Reverse();
        context.Note(Ran.IsEmpty ? "Nothing of the platform runs." : $"What runs: {string.Join(", ", Ran.Units)}.");
        if (Ran.IsEmpty) return;
        await _starter.PrepareAsync(Ran, cancellation);
        var start = StartServices.Of(Ran);
        await context.OweAsync(start, cancellation);
        _owed = start;
    }

    private async Task StopTriggersAsync(StepContext context, CancellationToken cancellation)
    {
        await StopAsync(_stopping!.Triggers, wished: null, context, cancellation);
        if (_stopping.Jobs.Count == 0) return;
        var ended = await _stopper.WaitForJobsAsync([.. _stopping.Jobs.Select(job => job.Id)], JobPatience, cancellation);
        foreach (var job in _stopping.Jobs.Where(job => !ended.Contains(job.Id)))
            context.Warn(Catalogue.UnitBusy.With($"{job.Id}, which a timer or path unit of the platform had started, did not end within {Duration.Describe(JobPatience)}, so it is stopped and started again."));
        if (ended.Count > 0) await ForgetEndedAsync(ended, context, cancellation);
    }

    /// <summary>
    /// The time limit for a job that a timer has started: the stop timeout of its group, or 30 seconds. Users are still
    /// served meanwhile.
    /// </summary>
    private TimeSpan JobPatience => Groups.Select(group => group.StopTimeout).Max() ?? TimeSpan.FromSeconds(30);

    /// <summary>A job that has done its work is not started again: it would do it twice.</summary>
    private async Task ForgetEndedAsync(IReadOnlySet<string> ended, StepContext context, CancellationToken cancellation)
    {
        Ran = Ran.Without(ended);
        var (before, after) = (_owed, Ran.IsEmpty ? null : StartServices.Of(Ran));
        if (after is not null) await context.OweAsync(after, cancellation);
        if (before is not null) await context.SettleAsync(before, cancellation);
        _owed = after;
    }

    private Step StopStep(ServiceGroup group) => Step(
        $"Stop {group.Name}", $"Stop {Names(group)}.",
        (context, cancellation) => StopAsync(_stopping!.Waves.First(wave => wave.Group == group).Units, group.StopTimeout, context, cancellation));

    private async Task StopAsync(IReadOnlyList<UnitState> units, TimeSpan? wished, StepContext context, CancellationToken cancellation)
    {
        context.Counters.ItemsTotal = units.Count;
        foreach (var killed in await _stopper.StopAsync([.. units.Select(unit => unit.Id)], wished, cancellation)) context.Warn(killed);
        context.Counters.ItemsDone = units.Count;
    }

    private async Task CheckAsync(StepContext context, CancellationToken cancellation)
    {
        await RefuseReturnedAsync(cancellation);
        var running = _groups.Where(group => !IsDown(group.Group)).SelectMany(group => group.Units).Select(unit => unit.ControlGroup).Where(group => group.Length > 1);
        var stopped = Stopped.Select(unit => unit.ControlGroup).Where(group => group.Length > 1);
        var found = leftOvers.Find([.. stopped], [.. running], _users);
        foreach (var warning in found.Warnings) context.Warn(warning);
        foreach (var file in found.PidFiles.Where(file => file.Stale is not null)) MoveAside(file, context);
        if (found.Foreign.Count > 0) context.Note($"Left alone: {string.Join("; ", found.Foreign.Take(5).Select(StrayEnd.Describe))}{(found.Foreign.Count > 5 ? $"; and {found.Foreign.Count - 5} more" : "")}.");
        if (found.Strays.Count == 0) return;
        if (!options.KillsStrays || found.Strays.Any(stray => !stray.MayEnd)) throw new ProblemException(StrayEnd.Problem(found.Strays));
        var killed = await new StrayEnd(host, leftOvers, clock).EndAsync(found.Strays, cancellation);
        foreach (var stray in found.Strays) context.Note($"Process {StrayEnd.Describe(stray)} was {(killed.Contains(stray) ? "killed: it did not end when it was asked to" : "ended")}.");
    }

    private Task CheckStoresAsync(StepContext context, CancellationToken cancellation)
    {
        _storesAreDown = true;
        return CheckAsync(context, cancellation);
    }

    /// <summary>Stores run until their turn comes.</summary>
    private bool IsDown(ServiceGroup group) => _storesAreDown || !group.IsStore;

    private IEnumerable<UnitState> Stopped => _stopping!.Triggers.Concat(_stopping.Waves.Where(wave => IsDown(wave.Group)).SelectMany(wave => wave.Units));

    private static void MoveAside(PidFile file, StepContext context)
    {
        try
        {
            context.Note($"{file.Path} was moved aside, to {PidFiles.MoveAside(file, $".stale-{context.RunId}")}: {file.Stale}.");
        }
        catch (IOException refused)
        {
            context.Warn(Catalogue.PidFile.With($"The PID file '{file.Path}' is stale ({file.Stale}) and cannot be moved aside: {refused.Message.TrimEnd('.')}."));
        }
    }

    /// <summary>Something else may have started what was stopped: a dependency, a message bus, a person.</summary>
    private async Task RefuseReturnedAsync(CancellationToken cancellation)
    {
        var names = _groups.Where(group => IsDown(group.Group)).SelectMany(group => group.Units).Concat(Stopped).Select(unit => unit.Id);
        var back = (await _systemctl.ShowAsync(names.Distinct(StringComparer.Ordinal), cancellation)).Where(unit => !unit.IsStopped).ToList();
        if (back.Count > 0) throw new ProblemException(await _stopper.ReturnedAsync(back, cancellation));
    }

    private async Task StartAsync(ServiceGroup group, StepContext context, CancellationToken cancellation)
    {
        var mine = (_stopping?.Waves.FirstOrDefault(wave => wave.Group == group)?.Units ?? []).Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var wave in Ran.Waves.Where(wave => wave.Any(mine.Contains))) await StartAsync(wave, context, cancellation);
    }

    private async Task StartTriggersAsync(StepContext context, CancellationToken cancellation)
    {
        var triggers = (_stopping?.Triggers ?? []).Select(unit => unit.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var wave in Ran.Waves.Where(wave => wave.Any(triggers.Contains))) await StartAsync(wave, context, cancellation);
    }

    private async Task WatchAsync(StepContext context, CancellationToken cancellation)
    {
        await _starter.SettleAsync(cancellation);
        if (_owed is not null) await context.SettleAsync(_owed, cancellation);
        _owed = null;
    }

    private async Task StartAsync(IReadOnlyList<string> wave, StepContext context, CancellationToken cancellation)
    {
        context.Counters.ItemsTotal += wave.Count;
        await _starter.StartAsync(wave, Ran, cancellation);
        context.Counters.ItemsDone += wave.Count;
    }

    private static string Names(ServiceGroup group) => string.Join(", ", group.Units);

    private static Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Act = act };
}
