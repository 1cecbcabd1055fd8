namespace Holdfast.Components.Queues.Brokers;

/// <summary>What the workers of a broker answered.</summary>
/// <param name="Listening">How many live workers heard the question.</param>
/// <param name="Answered">How many answered every part of it in time.</param>
/// <param name="Active">Tasks that run. With Celery's default, early acknowledgement, nothing in Redis tells of them.</param>
/// <param name="Reserved">Tasks that wait in the workers' memory.</param>
/// <param name="Scheduled">Tasks that wait there for their time.</param>
/// <param name="Running">Every running task as a person knows it: name, id, worker.</param>
public sealed record WorkersStatus(int Listening, int Answered, int Active, int Reserved, int Scheduled, IReadOnlyList<string> Running)
{
    /// <summary>Running tasks that are told by name; the others are a number.</summary>
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
