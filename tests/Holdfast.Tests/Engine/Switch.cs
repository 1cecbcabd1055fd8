using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Tests.Engine;

/// <summary>A platform that is a switch: on or off, with a memory of how often it was thrown.</summary>
internal sealed class Switch : IPlatformControl, IUndoHandler
{
    private readonly Undo _undo = new("switch.on", "Switch the platform on.", new Dictionary<string, string>(StringComparer.Ordinal));

    public bool IsOn { get; private set; } = true;
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(1);
    public bool OnlineWhenLate { get; set; }

    /// <summary>Nothing runs that it could stop.</summary>
    public bool WasStopped { get; set; }

    /// <summary>What happens while the workers are stopped.</summary>
    public Func<CancellationToken, Task> Stopping { get; set; } = _ => Task.CompletedTask;

    public string Kind => _undo.Kind;

    public IReadOnlyList<IUndoHandler> UndoHandlers => [this];

    public Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Problem>>([]);

    public Task<WindowPlan> PlanWindowAsync(bool withStores, CancellationToken cancellation) => Task.FromResult(new WindowPlan
    {
        Stop = [new Step { Name = "Stop", Does = "Stops what makes work.", Act = async (context, stop) =>
        {
            await context.OweAsync(_undo, stop);
            IsOn = false;
        } }],
        StopWorkers = [new Step { Name = "Stop workers", Does = "Stops the workers.", Act = (_, stop) => Stopping(stop) }],
        StopStores = withStores ? [new Step { Name = "Stop stores", Does = "Stops the stores.", Act = (_, _) => Task.CompletedTask }] : [],
        Start = [new Step { Name = "Start", Does = "Starts all.", Act = async (context, stop) =>
        {
            IsOn = true;
            await context.SettleAsync(_undo, stop);
        } }],
        Deadline = Deadline,
        OnlineWhenLate = OnlineWhenLate,
        WasStopped = () => WasStopped,
    });

    public Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        IsOn = true;
        return Task.CompletedTask;
    }
}
