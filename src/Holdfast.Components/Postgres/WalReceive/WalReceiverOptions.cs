namespace Holdfast.Components.Postgres.WalReceive;

/// <summary>How WAL is received.</summary>
public sealed record WalReceiverOptions
{
    /// <summary>A segment that is not whole is stored so often: every 5 seconds, which is what a lost host takes with it at most.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A server that is away is asked again after 2 seconds.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long another's exclusive lock is waited for: a minute.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The slot of a cluster; names of slots have small letters, digits and '_' alone.</summary>
    public static string Slot(string cluster) => $"holdfast_{string.Concat(cluster.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'))}";
}
