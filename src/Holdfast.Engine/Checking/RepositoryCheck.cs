using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Engine.Checking;

/// <summary>
/// Checks that the repository opens, lists its locks, and checks the age of the last complete recovery point of the
/// platform.
/// </summary>
/// <param name="settings">Finds the location of the repository and its credentials.</param>
/// <param name="platform">The platform whose points count.</param>
/// <param name="oldest">The age from which a point causes a warning.</param>
/// <param name="clock">The clock that ages are measured by.</param>
/// <param name="rounds">The progress of reading packs back; null when that is not checked.</param>
public sealed class RepositoryCheck(Func<CancellationToken, Task<RepositorySettings>> settings, string platform, TimeSpan oldest, TimeProvider clock, ReadRounds? rounds = null) : ICheckSource
{
    /// <summary>
    /// A round takes 30 backups unless the repository is huge; this allows two rounds and some missed nights.
    /// </summary>
    private static readonly TimeSpan _oldestRead = TimeSpan.FromDays(90);

    private const string Take = "Take one with 'holdfast backup'.";

    public string Name => "repository";

    public string Question => "opens";

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            var found = await settings(cancellation);
            await using var repository = await Repository.OpenAsync(found.Backend, found.Password, found.Options, cancellation);
            var questions = new CheckQuestions(Name, cancellation);
            await questions.AskAsync("locks", async () => JudgeLocks(await TryAsync(repository.ListLocksAsync(cancellation))));
            await questions.AskAsync("last point", () => AskForPointsAsync(repository, cancellation));
            if (rounds is not null) await questions.AskAsync("last full read", () => Task.FromResult(JudgeReading(rounds.Find(repository.RepositoryId))));
            return [new CheckLine(Name, Question, CheckState.Pass, $"{found.Path} opens"), .. questions.Lines];
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            // Problems that may disappear by themselves are unknown; all others would fail a backup in the same way.
            var problem = failure.ToProblem();
            return [new CheckLine(Name, Question, problem.Transient ? CheckState.Unknown : CheckState.Fail, problem.Message) { Hint = problem.Hint }];
        }
    }

    private CheckLine JudgeLocks(IReadOnlyList<LockInfo> locks)
    {
        var held = locks.Where(held => !held.PassedOver).ToList();
        if (held.Count == 0) return new CheckLine(Name, "locks", CheckState.Pass, locks.Count == 0 ? "none" : $"none but {locks.Count} that nobody holds any more, which are passed over");
        var isExclusive = held.Any(one => one.Exclusive);
        return new CheckLine(Name, "locks", isExclusive ? CheckState.Fail : CheckState.Warn, $"held by {string.Join(", ", held.Take(3).Select(Describe))}{(held.Count > 3 ? $" and {held.Count - 3} more" : "")}")
        {
            Hint = isExclusive
                ? "A backup is refused until it has ended. If its holder is dead: 'holdfast repo unlock' removes its lock when it is 30 minutes old, with --all at once."
                : "Another backup, restore or check uses the repository; both can go on.",
        };
    }

    private static string Describe(LockInfo held) => held.Hostname.Length == 0
        ? $"a lock that cannot be read ({held.Id.ToShortString()})"
        : $"process {held.Pid} of {held.Username} on {held.Hostname}{(held.Exclusive ? ", exclusively" : "")}";

    private async Task<CheckLine> AskForPointsAsync(Repository repository, CancellationToken cancellation)
    {
        var damaged = new List<Problem>();
        var line = JudgePoints(await TryAsync(new RecoveryPoints(repository, damaged.Add).ListAsync(platform, cancellation)));
        return damaged is [var first, ..]
            ? line with { State = CheckState.Warn, Found = $"{line.Found}; {damaged.Count} of all snapshots are damaged. {first.Message}", Hint = first.Hint }
            : line;
    }

    private CheckLine JudgePoints(IReadOnlyList<Restic.Snapshots.Snapshot> points)
    {
        var last = points.FirstOrDefault(PointTags.IsWhole);
        if (last is null) return Warn(points.Count == 0 ? $"the platform '{platform}' has no recovery point" : Lacking(points), Take);
        var age = clock.GetUtcNow() - last.Time.ToDateTimeOffset();
        var text = $"{last.Id.ToShortString()} is {Describe(age)} old{(points[0] == last ? "" : ", and later ones are not complete")}";
        if (age < -TimeSpan.FromMinutes(5)) return Warn($"{last.Id.ToShortString()} is of a time to come, by {Describe(-age)}", "Look at the clock of this machine and of the one that took it.");
        return age > oldest ? Warn($"{text}; more than {Describe(oldest)}", Take) : new CheckLine(Name, "last point", CheckState.Pass, text);
    }

    /// <summary>
    /// Data that was written years ago and is never read may have been damaged: each backup reads a share of it, until
    /// all has been read.
    /// </summary>
    private CheckLine JudgeReading(ReadRound? round)
    {
        const string question = "last full read", readAll = "Read all of it at once with 'holdfast repo check --read-data'.";
        if (round is null) return new CheckLine(Name, question, CheckState.Warn, "no backup of this machine has read anything back yet") { Hint = readAll };
        var age = clock.GetUtcNow() - (round.Covered ?? round.Began);
        var text = round.Covered is null
            ? $"the first one is going on for {Describe(age)}: each backup reads back a share"
            : $"every pack that is older than {Describe(age)} has been read back since";
        return new CheckLine(Name, question, age > _oldestRead ? CheckState.Warn : CheckState.Pass, text) { Hint = age > _oldestRead ? readAll : null };
    }

    private static string Lacking(IReadOnlyList<Restic.Snapshots.Snapshot> points) => (points.Any(PointTags.IsIncomplete), points.Count) switch
    {
        (false, 1) => "the only recovery point was made with --only, so that it does not hold everything",
        (false, var count) => $"each of the {count} recovery points was made with --only, so that none holds everything",
        (true, 1) => "the only recovery point is not complete: it lacks something",
        (true, var count) => $"none of the {count} recovery points is complete: each lacks something, or was made with --only",
    };

    private CheckLine Warn(string found, string hint) => new(Name, "last point", CheckState.Warn, found) { Hint = hint };

    private static string Describe(TimeSpan age) => age switch
    {
        { TotalMinutes: < 1 } => "less than a minute",
        { TotalHours: < 2 } => $"{(int)age.TotalMinutes} min",
        { TotalHours: < 72 } => $"{(int)age.TotalHours} h",
        _ => $"{(int)age.TotalDays} days",
    };

    private static async Task<T> TryAsync<T>(Task<T> reading)
    {
        try
        {
            return await reading;
        }
        catch (ResticException failure)
        {
            throw failure.ToThrowable();
        }
    }
}
