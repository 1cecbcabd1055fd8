using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Backup;

/// <summary>
/// The time in which the platform stands still: it measures it, holds its opening to the deadline, and what is done in it to as long again, and brings
/// the platform up when that can't be kept.
/// </summary>
internal sealed class Window(WindowPlan plan, CaptureSession session, TimeProvider clock)
{
    private DateTimeOffset? _opened;
    private DateTimeOffset? _still;
    private bool _givenUp;

    /// <summary>The steps that make the platform stand still, with the components' waiting in their middle.</summary>
    public IEnumerable<Step> Open(IEnumerable<Step> drain) => [.. plan.Prepare, .. plan.Stop.Concat(drain).Concat(plan.StopWorkers).Select(Opening)];

    /// <summary>The steps for which a quiesced platform stands still. They ask servers of others, who must not keep it stopped: when one of them fails or is late, the platform is started before anything is undone.</summary>
    public IEnumerable<Step> Hold(IEnumerable<Step> marks) => marks.Select(Holding);

    /// <summary>The steps that stop what holds the data as well.</summary>
    public IEnumerable<Step> Deepen() => plan.StopStores;

    /// <summary>The steps that bring it up, and look that it stays up.</summary>
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
                // What hangs may still stop units later, so that the backup does not go on beside it.
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

    /// <summary>The platform is needed more than a point without skew.</summary>
    private async Task GiveUpAsync(Problem reason, StepContext context, CancellationToken cancellation)
    {
        _givenUp = true;
        foreach (var step in plan.Start) await step.Act(context, cancellation);
        Measure();
        foreach (var step in plan.Watch) await step.Act(context, cancellation);
        session.Mode = BackupMode.Online;
        context.Warn(Catalogue.WindowGivenUp.With($"The platform did not stand still, so it was started again and the backup went on online. {reason.Message}", reason.Hint));
    }

    /// <summary>Where nothing ran, nothing was stopped, and there is no time to measure.</summary>
    private void Measure() => session.Manifest.Window = plan.WasStopped() ? null : new WindowRecord { Opened = _opened!.Value, Closed = clock.GetUtcNow() };

    private Problem TooLong(Step step) => Catalogue.WindowLate.With($"The platform has stood still for {plan.Deadline.TotalSeconds:0} s, as long again as it may take to stop: the step '{step.Name}' was not done.");

    private Problem Late(Step step) => Catalogue.WindowLate.With($"The platform did not stand still within {plan.Deadline.TotalSeconds:0} s: the step '{step.Name}' was not done.");
}
