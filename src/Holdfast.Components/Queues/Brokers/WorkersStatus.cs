namespace Holdfast.Components.Queues.Brokers;

/// <summary>What the workers of a broker answered.</summary>
/// <param name="Listening">The number of live workers that received the question.</param>
/// <param name="Answered">The number of workers that answered every part of it in time.</param>
/// <param name="Active">Running tasks. With Celery's default, early acknowledgement, Redis has no trace of
/// them.</param>
/// <param name="Reserved">Tasks that wait in the workers' memory.</param>
/// <param name="Scheduled">Tasks in the workers' memory that wait for their ETA.</param>
/// <param name="Running">Every running task for display: name, id, worker.</param>
public sealed record WorkersStatus(int Listening, int Answered, int Active, int Reserved, int Scheduled, IReadOnlyList<string> Running)
{
    /// <summary>The number of running tasks that are reported by name; the others are counted.</summary>
    private const int Named = 5;

    public static WorkersStatus None { get; } = new(0, 0, 0, 0, 0, []);

    /// <summary>Fewer answers than listeners is "unknown", never "idle": a stopped process listens and does not answer.</summary>
    public bool IsKnown => Answered == Listening;

    /// <summary>The first few running tasks.</summary>
    public IReadOnlyList<string> FirstRunning => [.. Running.Take(Named)];

    /// <summary>The first few running tasks in one line, and how many more there are.</summary>
    public string RunningText => string.Join("; ", FirstRunning) + (Active > Named ? $"; and {Active - Named} more" : "");

    public bool IsIdle => IsKnown && Active + Reserved + Scheduled == 0;
}
