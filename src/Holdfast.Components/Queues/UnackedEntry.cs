namespace Holdfast.Components.Queues;

/// <summary>What is kept in mind of an unacknowledged message: a hundred bytes or so.</summary>
/// <param name="Tag">Its field of the hash.</param>
/// <param name="Queue">Where it came from; null when nothing tells.</param>
/// <param name="Taken">When a worker took it, in seconds since 1970; 0 when nothing tells.</param>
/// <param name="Eta">When it is to run; null for at once, or for what is not understood.</param>
internal sealed record UnackedEntry(byte[] Tag, string? Queue, double Taken, string? Eta)
{
    public bool IsEta => Eta is not null;
}
