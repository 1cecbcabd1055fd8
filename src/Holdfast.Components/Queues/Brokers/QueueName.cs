namespace Holdfast.Components.Queues.Brokers;

/// <summary>A queue of Celery, or a plain list.</summary>
public sealed record QueueName(string Name, bool IsList)
{
    /// <summary>"celery" or "list", as files and events say it.</summary>
    public string Kind => IsList ? "list" : "celery";
}
