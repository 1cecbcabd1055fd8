using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Engine.Points;

/// <summary>The progress of this machine in reading back a repository's packs, night by night.</summary>
/// <param name="After">The id of the pack that was read last in the current round.</param>
/// <param name="Began">The beginning of the current round.</param>
/// <param name="Covered">The beginning of the last finished round: every pack that existed then has been read since.
/// Null before the first.</param>
public sealed record ReadRound(string After, DateTimeOffset Began, DateTimeOffset? Covered)
{
    /// <summary>The time at which packs of the repository were last read; null before the first time.</summary>
    public DateTimeOffset? Read { get; init; }

    /// <summary>The first round, before anything has been read.</summary>
    public static ReadRound Begin(DateTimeOffset now) => new(default(Id).ToString(), now, null);

    /// <summary>A round in which all packs were read at once.</summary>
    public static ReadRound Whole(DateTimeOffset began) => new(default(Id).ToString(), began, began);

    /// <summary>The round after one more turn.</summary>
    public ReadRound With(TurnReport turn, DateTimeOffset now) => turn.EndsRound
        ? new ReadRound(default(Id).ToString(), now, Began) { Read = now }
        : this with { After = turn.Last.ToString(), Read = now };
}
