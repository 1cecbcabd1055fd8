using Holdfast.Engine.Checking;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Systemd;

/// <summary>The units of a platform: stops them in the profile's order, starts what ran in the reverse order.</summary>
public sealed class SystemdPlatform : IPlatformControl
{
    private readonly PlatformSettings _settings;
    private readonly IHost _host;
    private readonly TimeProvider _clock;
    private readonly LeftOverSearch _leftOvers;

    private SystemdPlatform(PlatformSettings settings, IHost host, TimeProvider clock) =>
        (_settings, _host, _clock, _leftOvers) = (settings, host, clock, new LeftOverSearch(settings, "/proc", Environment.ProcessId));

    /// <summary>The units that a profile names; null when it names none.</summary>
    public static SystemdPlatform? From(Profile profile, IHost host, TimeProvider clock) =>
        PlatformSettings.Read(profile) is { } settings ? new SystemdPlatform(settings, host, clock) : null;

    /// <summary>The profile prefers a point that was taken online to none.</summary>
    public bool PrefersOnline => _settings.OnlineWhenLate;

    public IReadOnlyList<IUndoHandler> UndoHandlers => [new StartServices(new Systemctl(_host), _settings, _clock)];

    /// <summary>The kind of the undo that starts services.</summary>
    public static string StartUndo => StartServices.Name;

    /// <summary>The units that the undo would start.</summary>
    public static StartOrder OrderOf(Undo undo) => StartServices.OrderOf(undo);

    /// <summary>The profile's option for stray processes; stores are not stopped.</summary>
    public StandstillOptions Defaults => new(WithStores: false, _settings.KillsStrays);

    /// <summary>Finds out whether it runs, and what is left of it beside its units.</summary>
    public ICheckSource Check => new SystemdCheck(this);

    public async Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation)
    {
        if (await new Systemctl(_host).ProbeAsync(cancellation) is { } missing) return [missing];
        try
        {
            return (await Standstill(Defaults).SurveyAsync(cancellation)).Warnings;
        }
        catch (ProblemException refused)
        {
            return [refused.Problem];
        }
    }

    public async Task<WindowPlan> PlanWindowAsync(bool withStores, CancellationToken cancellation)
    {
        var standstill = await PrepareAsync(Defaults with { WithStores = withStores }, cancellation);
        return new WindowPlan
        {
            Prepare = standstill.Prepare, Stop = standstill.Stop, StopWorkers = standstill.StopWorkers, StopStores = standstill.StopStores, Start = standstill.Start, Watch = standstill.Watch,
            Deadline = _settings.Deadline, OnlineWhenLate = _settings.OnlineWhenLate, WasStopped = () => standstill.Ran.IsEmpty,
        };
    }

    /// <summary>The steps that stop the platform until it is started by an administrator.</summary>
    /// <param name="options">The units to stop.</param>
    /// <param name="keep">Records the units that ran, durably, as the last step.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">The platform could not be started again, or systemd does not
    /// answer.</exception>
    public async Task<IReadOnlyList<Step>> PlanStopAsync(StandstillOptions options, Action<string, StartOrder> keep, CancellationToken cancellation)
    {
        var standstill = await PrepareAsync(options, cancellation);
        var last = new Step
        {
            Name = "Remember what ran",
            Does = "Write down what was stopped, for 'holdfast platform start'.",
            Act = (context, _) =>
            {
                keep(context.RunId, standstill.Ran);
                return Task.CompletedTask;
            },
        };
        return [.. standstill.Prepare, .. standstill.Stop, .. standstill.StopWorkers, .. standstill.StopStores, last];
    }

    /// <summary>
    /// The steps that start units wave after wave. After an interruption, the start of the remaining units is a pending
    /// undo.
    /// </summary>
    public IReadOnlyList<Step> PlanStart(StartOrder order, Action forget)
    {
        var starter = new UnitStarter(new Systemctl(_host), _settings, _clock);
        var undo = StartServices.Of(order);
        var steps = order.Waves.Select((wave, index) => new Step
        {
            Name = $"Start {string.Join(", ", wave)}",
            Does = "Start them, and wait until they are up.",
            Act = async (context, cancellation) =>
            {
                if (index == 0) await context.OweAsync(undo, cancellation);
                await starter.StartAsync(wave, order, cancellation);
            },
        });
        var last = new Step
        {
            Name = "Watch the platform",
            Does = "Watch that all units stay up, and forget that they were stopped.",
            Act = async (context, cancellation) =>
            {
                await starter.SettleAsync(cancellation);
                if (!order.IsEmpty) await context.SettleAsync(undo, cancellation);
                forget();
            },
        };
        return [.. steps, last];
    }

    /// <summary>The enabled units, for a start without a record of what ran.</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public Task<StartOrder> FindEnabledAsync(CancellationToken cancellation) => new EnabledUnits(new Systemctl(_host), _settings).FindAsync(cancellation);

    /// <summary>The running units of the platform that are not stores; empty where systemd is not running.</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<IReadOnlyList<string>> FindRunningAsync(CancellationToken cancellation)
    {
        if (await new Systemctl(_host).ProbeAsync(cancellation) is not null) return [];
        var groups = await new UnitSurvey(new Systemctl(_host), _settings).FindAsync(cancellation);
        return [.. groups.Where(group => !group.Group.IsStore).SelectMany(group => group.Units).Where(unit => unit.Runs).Select(unit => unit.Id)];
    }

    /// <summary>Reads the current status of the platform.</summary>
    /// <exception cref="ProblemException">systemd does not answer.</exception>
    public async Task<PlatformStatus> ReadStatusAsync(CancellationToken cancellation)
    {
        if (await new Systemctl(_host).ProbeAsync(cancellation) is { } missing) throw new ProblemException(missing);
        var groups = await new UnitSurvey(new Systemctl(_host), _settings).FindAsync(cancellation);
        var units = groups.SelectMany(group => group.Units).ToList();
        var leftOver = _leftOvers.Find([], [.. units.Where(unit => !unit.IsStopped).Select(unit => unit.ControlGroup).Where(group => group.Length > 1)], await _leftOvers.FindUsersAsync(units, _host, cancellation));
        try
        {
            var (order, _, warnings) = await Standstill(Defaults).SurveyAsync(cancellation);
            return new PlatformStatus(groups, order, leftOver, [.. warnings, .. leftOver.Warnings]);
        }
        catch (ProblemException refused)
        {
            return new PlatformStatus(groups, null, leftOver, [refused.Problem, .. leftOver.Warnings]);
        }
    }

    /// <summary>Refuses at once what could not be turned round, before anything is copied or stopped.</summary>
    private async Task<Standstill> PrepareAsync(StandstillOptions options, CancellationToken cancellation)
    {
        if (await new Systemctl(_host).ProbeAsync(cancellation) is { } missing) throw new ProblemException(missing);
        var standstill = Standstill(options);
        await standstill.SurveyAsync(cancellation);
        return standstill;
    }

    private Standstill Standstill(StandstillOptions options) => new(_host, _settings, _leftOvers, _clock, options);
}
