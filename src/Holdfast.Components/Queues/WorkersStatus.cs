namespace Holdfast.Components.Queues;

/// <summary>What the workers of a broker answered.</summary>
/// <param name="Listening">How many live workers heard the question.</param>
/// <param name="Answered">How many answered every part of it in time.</param>
/// <param name="Active">Tasks that run. With Celery's default, early acknowledgement, nothing in Redis tells of them.</param>
/// <param name="Reserved">Tasks that wait in the workers' memory.</param>
/// <param name="Scheduled">Tasks that wait there for their time.</param>
/// <param name="Running">The running tasks as a person knows them: name, id, worker; the first few.</param>
public sealed record WorkersStatus(int Listening, int Answered, int Active, int Reserved, int Scheduled, IReadOnlyList<string> Running)
{
    public static WorkersStatus None { get; } = new(0, 0, 0, 0, 0, []);

    /// <summary>Fewer answers than listeners is "unknown", never "idle": a stopped process listens and does not answer.</summary>
    public bool IsKnown => Answered == Listening;

    public bool IsIdle => IsKnown && Active + Reserved + Scheduled == 0;
}
