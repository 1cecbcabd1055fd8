using System.Globalization;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Copies;

/// <summary>
/// Checks what a copy of the profile lacks. It never prevents a backup: an unknown result is a warning, too.
/// </summary>
/// <param name="copy">The copy.</param>
/// <param name="source">Finds the location of the repository and its credentials.</param>
/// <param name="settings">Finds the location of the copy and its credentials.</param>
/// <param name="deadline">The time limit for the copy's response.</param>
/// <param name="oldest">The largest lag of the copy's WAL behind the source's; a larger one is a warning.</param>
/// <param name="clock">The clock that measures the deadline.</param>
public sealed class CopyCheck(
    CopySettings copy, Func<CancellationToken, Task<RepositorySettings>> source,
    Func<CancellationToken, Task<RepositorySettings>> settings, TimeSpan deadline, TimeSpan oldest, TimeProvider clock)
    : ICheckSource
{
    private const string MakeUp = "Bring it up to date with 'holdfast repo copy'.";

    /// <inheritdoc/>
    public string Name => $"copy/{copy.To}";

    /// <inheritdoc/>
    public string Question => "points";

    /// <inheritdoc/>
    public TimeSpan Waits => deadline;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        IReadOnlyList<Snapshot> snapshots;
        try
        {
            var found = await source(cancellation);
            var opening = Repository.OpenAsync(found.Backend, found.Password, found.Options, cancellation);
            await using var repository = await opening;
            snapshots = (await repository.ListReadableSnapshotsAsync(cancellation)).Snapshots;
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            return [Warn(Question, "the repository itself cannot be read", failure.ToProblem().Hint)];
        }
        var state = await CopyState.AskAsync(snapshots, copy, settings, deadline, clock, cancellation);
        if (state.Trouble is { } trouble) return [Warn(Question, trouble.Message, trouble.Hint)];
        return state.SourceWal is null ? [JudgePoints(state)] : [JudgePoints(state), JudgeWal(state)];
    }

    private CheckLine JudgePoints(CopyState state)
    {
        var newest = state.Newest is { } time ? $"; the newest it has is of {Time(time)}" : "";
        return state.Lacking > 0
            ? Warn(Question, $"lacks {state.Lacking} of {state.Wanted}{newest}", MakeUp)
            : new CheckLine(Name, Question, CheckState.Pass, $"has all {state.Wanted} that it is to have{newest}");
    }

    private CheckLine JudgeWal(CopyState state)
    {
        if (state.Wal is not { } wal) return Warn("WAL", "has none", MakeUp);
        return state.SourceWal is { } there && there - wal > oldest
            ? Warn("WAL", $"up to {Time(wal)}, where the repository has it up to {Time(there)}", MakeUp)
            : new CheckLine(Name, "WAL", CheckState.Pass, $"up to {Time(wal)}");
    }

    private CheckLine Warn(string question, string found, string hint) =>
        new(Name, question, CheckState.Warn, found) { Hint = hint };

    private static string Time(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
}
