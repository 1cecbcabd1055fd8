namespace Holdfast.Components.Queues.Brokers;

/// <summary>An unacknowledged message as it is held in memory: about a hundred bytes.</summary>
/// <param name="Tag">Its field in the hash.</param>
/// <param name="Queue">The queue that it came from; null when it is unknown.</param>
/// <param name="Taken">When a worker took it, in seconds since 1970; 0 when it is unknown.</param>
/// <param name="Size">The size of its value in bytes.</param>
/// <param name="Eta">The time at which it is to run; null for at once, or when its ETA cannot be read.</param>
internal sealed record UnackedEntry(byte[] Tag, string? Queue, double Taken, int Size, string? Eta)
{
    /// <summary>The exchange that it was published to; null when its value is not what kombu writes.</summary>
    public string? Exchange { get; init; }

    public string? RoutingKey { get; init; }

    public bool IsEta => Eta is not null;
}
