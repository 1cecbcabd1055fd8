using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Backup;

/// <summary>
/// The time in which the platform is quiesced: measures it, applies the deadline to its opening and the same time again
/// to the steps within it, and starts the platform when a deadline expires.
/// </summary>
internal sealed class Window(WindowPlan plan, CaptureSession session, TimeProvider clock)
{
    private DateTimeOffset? _opened;
    private DateTimeOffset? _still;
    private bool _givenUp;

    /// <summary>
    /// The steps that quiesce the platform, with the components' drain steps between stopping new work and stopping the
    /// workers.
    /// </summary>
    public IEnumerable<Step> Open(IEnumerable<Step> drain) => [.. plan.Prepare, .. plan.Stop.Concat(drain).Concat(plan.StopWorkers).Select(Opening)];

    /// <summary>
    /// The steps for which the platform is quiesced. They wait for servers, which must not keep the platform stopped:
    /// when one of them fails or is late, the platform is started before any undo is performed.
    /// </summary>
    public IEnumerable<Step> Hold(IEnumerable<Step> marks) => marks.Select(Holding);

    /// <summary>The steps that stop the data stores as well.</summary>
    public IEnumerable<Step> Deepen() => plan.StopStores;

    /// <summary>The steps that start the platform, and verify that it stays up.</summary>
    public IEnumerable<Step> Close() => plan.Start.Select((step, index) => Closing(step, isLast: index == plan.Start.Count - 1)).Concat(plan.Watch.Select(step => Closing(step, isLast: false)));

    private Step Opening(Step step) => step with
    {
        Act = async (context, cancellation) =>
        {
            if (_givenUp) return;
            var opened = _opened ??= clock.GetUtcNow();
            var left = opened + plan.Deadline - clock.GetUtcNow();
            using var late = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
            try
            {
                await Abandonable.RunAsync(() => step.Act(context, either.Token), clock, either.Token);
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                var problem = late.IsCancellationRequested ? Late(step) : failure.ToProblem();
                // A step that hangs may still stop units later, so the backup does not continue beside it.
                if (!plan.OnlineWhenLate || failure is AbandonedException) throw new ProblemException(problem, failure);
                await GiveUpAsync(problem, context, cancellation);
            }
        },
    };

    private Step Holding(Step step) => step with
    {
        Act = async (context, cancellation) =>
        {
            if (_givenUp)
            {
                await step.Act(context, cancellation);
                return;
            }
            var left = (_still ??= clock.GetUtcNow()) + plan.Deadline - clock.GetUtcNow();
            using var late = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
            try
            {
                await Abandonable.RunAsync(() => step.Act(context, either.Token), clock, either.Token);
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                foreach (var start in plan.Start) await start.Act(context, cancellation);
                throw new ProblemException(late.IsCancellationRequested ? TooLong(step) : failure.ToProblem(), failure);
            }
        },
    };

    private Step Closing(Step step, bool isLast) => step with
    {
        Act = async (context, cancellation) =>
        {
            if (_givenUp) return;
            await step.Act(context, cancellation);
            if (isLast) Measure();
        },
    };

    /// <summary>Starting the platform is more important than a point without skew.</summary>
    private async Task GiveUpAsync(Problem reason, StepContext context, CancellationToken cancellation)
    {
        _givenUp = true;
        foreach (var step in plan.Start) await step.Act(context, cancellation);
        Measure();
        foreach (var step in plan.Watch) await step.Act(context, cancellation);
        session.Mode = BackupMode.Online;
        context.Warn(Catalogue.WindowGivenUp.With($"The platform did not stand still, so it was started again and the backup went on online. {reason.Message}", reason.Hint));
    }

    /// <summary>When nothing was running, nothing was stopped, and there is no window to measure.</summary>
    private void Measure() => session.Manifest.Window = plan.WasStopped() ? null : new WindowRecord { Opened = _opened!.Value, Closed = clock.GetUtcNow() };

    private Problem TooLong(Step step) => Catalogue.WindowLate.With($"The platform has stood still for {plan.Deadline.TotalSeconds:0} s, as long again as it may take to stop: the step '{step.Name}' was not done.");

    private Problem Late(Step step) => Catalogue.WindowLate.With($"The platform did not stand still within {plan.Deadline.TotalSeconds:0} s: the step '{step.Name}' was not done.");
}
