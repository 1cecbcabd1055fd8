using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.ServerTests.Runs;

/// <summary>In the place of systemd, for a platform of which nothing but the server under test runs.</summary>
/// <param name="stopStores">Stops that server, in a cold backup.</param>
internal sealed class NoServices(Func<Task>? stopStores) : IPlatformControl
{
    public IReadOnlyList<IUndoHandler> UndoHandlers => [];

    public Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<Problem>>([]);

    public Task<WindowPlan> PlanWindowAsync(bool withStores, CancellationToken cancellation)
    {
        Func<Task>? stop = withStores ? stopStores : null;
        return Task.FromResult(new WindowPlan
        {
            Stop = [Step("Stop nothing")], StopWorkers = [], Start = [Step("Start nothing")],
            StopStores = stop is null ? [] : [Step("Stop the server") with { Act = (_, _) => stop() }],
        });
    }

    private static Step Step(string name) =>
        new() { Name = name, Does = $"{name}.", Act = (_, _) => Task.CompletedTask };
}
