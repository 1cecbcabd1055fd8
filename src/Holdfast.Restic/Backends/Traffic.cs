namespace Holdfast.Restic.Backends;

/// <summary>The bandwidth limits for a repository on another machine, shared by all its connections.</summary>
public sealed class Traffic
{
    /// <summary>The default number of connections, as in restic.</summary>
    public const int UsualConnections = 5;

    /// <summary>The most bytes that one connection writes before it reports progress.</summary>
    private const int Piece = 256 << 10;

    /// <summary>The number of concurrent operations, each with its own connection; at least 1. 5 by default.</summary>
    public int Connections { get; init; } = UsualConnections;

    /// <summary>The limit for sent bytes; null for none.</summary>
    public RateLimit? Upload { get; init; }

    /// <summary>The limit for received bytes; null for none.</summary>
    public RateLimit? Download { get; init; }

    /// <summary>How long the limits may delay one piece, when all other connections are served first.</summary>
    internal TimeSpan LongestHold
    {
        get
        {
            var slowest = Math.Min(Upload?.BytesPerSecond ?? long.MaxValue, Download?.BytesPerSecond ?? long.MaxValue);
            return TimeSpan.FromSeconds((double)Piece * (Connections + 1) / slowest);
        }
    }

    /// <summary>
    /// Wraps the stream of a connection so that it obeys the limits; returns the same stream when there are none.
    /// </summary>
    internal Stream Limit(Stream connection) =>
        Upload is null && Download is null ? connection : new LimitedStream(connection, Upload, Download);
}
