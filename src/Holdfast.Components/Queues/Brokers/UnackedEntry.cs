namespace Holdfast.Components.Queues.Brokers;

/// <summary>What is kept in mind of an unacknowledged message: a hundred bytes or so.</summary>
/// <param name="Tag">Its field of the hash.</param>
/// <param name="Queue">Where it came from; null when nothing tells.</param>
/// <param name="Taken">When a worker took it, in seconds since 1970; 0 when nothing tells.</param>
/// <param name="Size">The bytes of its value.</param>
/// <param name="Eta">When it is to run; null for at once, or for what is not understood.</param>
internal sealed record UnackedEntry(byte[] Tag, string? Queue, double Taken, int Size, string? Eta)
{
    /// <summary>The exchange that it was published to; null when its value is not what kombu writes.</summary>
    public string? Exchange { get; init; }

    public string? RoutingKey { get; init; }

    public bool IsEta => Eta is not null;
}
