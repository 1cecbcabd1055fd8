using System.Text.Json.Serialization;

namespace Holdfast.Engine.Planning;

/// <summary>
/// One part of a plan. All but <see cref="Act"/> is what <c>--plan</c> prints and the journal keeps.
/// </summary>
public sealed record Step
{
    /// <summary>A name a person understands: "Dump database app".</summary>
    public required string Name { get; init; }

    /// <summary>What it will do, in one sentence.</summary>
    public required string Does { get; init; }

    /// <summary>The component it belongs to; null for the run's own steps.</summary>
    public string? Component { get; init; }

    /// <summary>
    /// Registered before the step begins and pending until the step has succeeded. A step can register more while it
    /// runs, see StepContext.
    /// </summary>
    public Undo? Undo { get; init; }

    /// <summary>The time after which the step is cancelled; null for no limit.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>True when something that exists is replaced, moved or deleted.</summary>
    public bool Destroys { get; init; }

    /// <summary>
    /// What remains of the step when it is interrupted, in one sentence; null when its undos remove everything.
    /// </summary>
    [JsonIgnore]
    public string? Remains { get; init; }

    [JsonIgnore]
    public required Func<StepContext, CancellationToken, Task> Act { get; init; }
}
