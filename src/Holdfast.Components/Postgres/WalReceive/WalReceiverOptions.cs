namespace Holdfast.Components.Postgres.WalReceive;

/// <summary>The intervals and timeouts for receiving WAL.</summary>
public sealed record WalReceiverOptions
{
    /// <summary>How often an incomplete segment is stored: every 5 seconds, the most that a lost host loses.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time between two attempts to connect to a server that is not available: 2 seconds.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait for the exclusive lock of another process: a minute.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The name of a cluster's slot; slot names have lower-case letters, digits and '_' only.</summary>
    public static string Slot(string cluster) => $"holdfast_{string.Concat(cluster.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'))}";
}
