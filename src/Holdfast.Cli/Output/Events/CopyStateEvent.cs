using Holdfast.Cli.Text;
using Holdfast.Engine.Copies;

namespace Holdfast.Cli.Output.Events;

/// <summary>The state of a copy of the profile, compared with the recovery points that it is to have.</summary>
/// <param name="Location">Its location, as the profile gives it.</param>
/// <param name="Wanted">The number of recovery points that it is to have.</param>
/// <param name="Lacking">The number of those that it lacks.</param>
internal sealed record CopyStateEvent(string Location, int Wanted, int Lacking) : OutputEvent
{
    /// <summary>The newest point that it has.</summary>
    public DateTimeOffset? Newest { get; init; }

    /// <summary>The newest WAL that it has.</summary>
    public DateTimeOffset? Wal { get; init; }

    /// <summary>Why the copy could not be queried; then nothing else is known.</summary>
    public string? Trouble { get; init; }

    public static CopyStateEvent Of(CopyState state) => new(state.To, state.Wanted, state.Lacking)
    {
        Newest = state.Newest, Wal = state.Wal, Trouble = state.Trouble?.Message,
    };

    public override IEnumerable<string> Lines(Style style)
    {
        var copy = $"Copy {Printable.Name(Location)}";
        if (Trouble is not null)
        {
            yield return style.Yellow($"{copy} cannot be asked: {Printable.Text(Trouble)}");
            yield break;
        }
        var points = Lacking == 0
            ? $"has {(Wanted == 1 ? "the point" : $"all {Wanted} points")} that it is to have"
            : style.Yellow($"lacks {Lacking} of {Amounts.Count(Wanted, "point")}");
        yield return $"{copy} {points}{(Wal is { } wal ? $"; WAL up to {Amounts.Time(wal)}" : "")}.";
    }
}
