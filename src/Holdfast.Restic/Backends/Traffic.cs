namespace Holdfast.Restic.Backends;

/// <summary>How much of the line to a repository on another machine may be taken. All its connections share the limits.</summary>
public sealed class Traffic
{
    /// <summary>Connections by default, as many as restic makes.</summary>
    public const int UsualConnections = 5;

    /// <summary>What one connection writes before it reports progress, at most.</summary>
    private const int Piece = 256 << 10;

    /// <summary>Operations at once, each with a connection of its own; at least 1. 5.</summary>
    public int Connections { get; init; } = UsualConnections;

    /// <summary>Of what is sent; null for none.</summary>
    public RateLimit? Upload { get; init; }

    /// <summary>Of what is received; null for none.</summary>
    public RateLimit? Download { get; init; }

    /// <summary>How long the limits may hold up one piece, when all other connections are before it.</summary>
    internal TimeSpan LongestHold
    {
        get
        {
            var slowest = Math.Min(Upload?.BytesPerSecond ?? long.MaxValue, Download?.BytesPerSecond ?? long.MaxValue);
            return TimeSpan.FromSeconds((double)Piece * (Connections + 1) / slowest);
        }
    }

    /// <summary>The stream of a connection, which keeps to the limits; the same stream when there are none.</summary>
    internal Stream Limit(Stream connection) =>
        Upload is null && Download is null ? connection : new LimitedStream(connection, Upload, Download);
}
