using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.ServerTests.Runs;

/// <summary>A real component, with a test's hooks between its steps.</summary>
internal sealed class HookedComponent(IComponent real, RunHooks hooks) : IComponent
{
    public string Name => real.Name;

    public string Kind => real.Kind;

    public bool PlansRestoreAlone => real.PlansRestoreAlone;

    public IReadOnlyList<string>? PartsOf(ComponentRecord record) => real.PartsOf(record);

    public IReadOnlyList<IUndoHandler> UndoHandlers =>
        hooks.Dies ? [.. real.UndoHandlers.Select(handler => new DeadHandler(handler.Kind))] : real.UndoHandlers;

    public Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation) => real.ProbeAsync(cancellation);

    public async Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation)
    {
        var plan = await real.PlanCaptureAsync(session, cancellation);
        return new CapturePlan
        {
            Before = [.. Meanwhile(hooks.First), .. Hooked(plan.Before), .. Meanwhile(hooks.Between)],
            Drain = Hooked(plan.Drain), Mark = Hooked(plan.Mark), After = Hooked(plan.After), Down = Hooked(plan.Down),
        };
    }

    public async Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation)
    {
        hooks.Amend?.Invoke(session.Manifest);
        return [.. Meanwhile(hooks.First), .. Hooked(await real.PlanRestoreAsync(session, cancellation))];
    }

    private IReadOnlyList<Step> Meanwhile(Func<Task>? act) => act is null
        ? []
        : [new Step { Name = "Meanwhile", Does = "What happens outside.", Component = Name, Act = (_, _) => act() }];

    /// <summary>The steps, with the hooks.</summary>
    public IReadOnlyList<Step> Hooked(IReadOnlyList<Step> steps) =>
        [.. steps.Select(step => step with { Act = (said, token) => ActAsync(step, said, token) })];

    private async Task ActAsync(Step step, StepContext said, CancellationToken cancellation)
    {
        await step.Act(hooks.Owed is { } owed ? new HookedContext(said, owed) : said, cancellation);
        if (hooks.Acted is { } acted) await acted(step);
    }

    /// <summary>Tells a test of each undo. The step's figures are not seen through it.</summary>
    private sealed class HookedContext(StepContext real, Func<Undo, Task> owed) : StepContext
    {
        public override string RunId => real.RunId;

        public override IReadOnlyList<Problem> RunWarnings => real.RunWarnings;

        public override void Warn(Problem problem) => real.Warn(problem);

        public override void Note(string text) => real.Note(text);

        public override async Task OweAsync(Undo undo, CancellationToken cancellation)
        {
            await real.OweAsync(undo, cancellation);
            await owed(undo);
        }

        public override Task SettleAsync(Undo undo, CancellationToken cancellation) =>
            real.SettleAsync(undo, cancellation);
    }

    /// <summary>A dead process undoes nothing.</summary>
    private sealed class DeadHandler(string kind) : IUndoHandler
    {
        public string Kind => kind;

        public Task UndoAsync(Undo undo, CancellationToken cancellation) =>
            throw new InvalidOperationException("The process is dead.");
    }
}
