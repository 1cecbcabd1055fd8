using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Engine.Points;

/// <summary>How far this machine has come with reading a repository's packs back, night by night.</summary>
/// <param name="After">The id of the pack that was read last in the round that goes on.</param>
/// <param name="Began">When that round began.</param>
/// <param name="Covered">When the last round began that came to its end: every pack of then has been read since. Null before the first.</param>
public sealed record ReadRound(string After, DateTimeOffset Began, DateTimeOffset? Covered)
{
    /// <summary>When packs of it were read last; null before the first time.</summary>
    public DateTimeOffset? Read { get; init; }

    /// <summary>A first round, of which nothing has been read.</summary>
    public static ReadRound Begin(DateTimeOffset now) => new(default(Id).ToString(), now, null);

    /// <summary>All of it was read at once.</summary>
    public static ReadRound Whole(DateTimeOffset began) => new(default(Id).ToString(), began, began);

    /// <summary>The round after one more turn.</summary>
    public ReadRound With(TurnReport turn, DateTimeOffset now) => turn.EndsRound
        ? new ReadRound(default(Id).ToString(), now, Began) { Read = now }
        : this with { After = turn.Last.ToString(), Read = now };
}
