using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Commands;

/// <summary>Looks after the repository. It needs no profile when the repository is named.</summary>
internal static class RepoCommand
{
    private static readonly Option<bool> ReadData = new("--read-data") { Description = "Read every pack and verify every blob." };
    private static readonly Option<string?> Subset = new("--read-data-subset") { Description = "Read a part: n/t (group n of t) or a random x%.", HelpName = "n/t|x%" };
    private static readonly Option<bool> NoLock = Arguments.NoLock();
    private static readonly Option<string?> By = new("--by") { Description = "Say it for each component: what it takes, and what of that no other needs.", HelpName = "component" };
    private static readonly Option<bool> All = new("--all") { Description = "Remove the locks of living processes too." };

    private static readonly Argument<string> KitDirectory = new("directory") { Description = "A new or empty directory to write to; with --restore, the one that was written.", HelpName = "DIRECTORY" };
    private static readonly Option<bool> Restore = new("--restore") { Description = "Put back what the repository has lost of it; nothing is replaced." };
    private static readonly Option<bool> WithPassword = new("--with-password") { Description = "Write the password into it too, in clear." };

    public static Command Make(Launcher launcher) => new("repo", "Looks after the repository.")
    {
        launcher.Start(new Command("check", "Checks that the repository is whole, and names what is damaged and which points need it.") { ReadData, Subset, NoLock }, CheckAsync),
        PruneCommand.Make(launcher),
        CopyCommand.Make(launcher),
        MirrorCommand.Make(launcher),
        KeysCommand.Make(launcher),
        launcher.Start(new Command("unlock", "Removes locks that nobody holds any more, those that can't be read among them.") { All }, UnlockAsync),
        launcher.Start(new Command("kit", "Writes what of the repository must be kept elsewhere (config, keys, how to restore), or puts it back.") { KitDirectory, Restore, WithPassword }, KitAsync),
        launcher.Start(new Command("stats", "Says what the repository weighs.") { By }, TellStatisticsAsync),
    };

    private static async Task<ExitCode> CheckAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var options = new CheckOptions { ReadData = Reading(parsed) };
        var repository = await session.OpenAsync(cancellation);
        await using var held = parsed.GetValue(NoLock) ? null : await LockAsync(session, repository, cancellation);
        var (began, started) = (session.Clock.GetTimestamp(), session.Clock.GetUtcNow());
        var report = await LiveStep.RunAsync(
            session.Output, session.Clock, "Check the repository", () => held is null ? repository.CheckAsync(options, cancellation) : held.KeepForAsync(token => repository.CheckAsync(options, token), cancellation),
            () => (options.Counters.BytesRead, 0, options.Counters.PacksDone, options.Counters.PacksTotal));
        foreach (var damage in report.Damages) session.Output.Report(DamageEvent.Of(damage));
        if (report.IsClean && options.ReadData == ReadSubset.All) Remember(session, repository, started);
        session.Output.Report(CheckFinishedEvent.Of(report) with { Seconds = session.Clock.GetElapsedTime(began).TotalSeconds });
        return report.IsClean ? ExitCode.Success : ExitCode.Damaged;
    }

    /// <summary>
    /// Records the check. A user who may read the repository need not be the one who takes its backups: then the result
    /// of the check is reported all the same.
    /// </summary>
    private static void Remember(Session session, Repository repository, DateTimeOffset started)
    {
        try
        {
            new ReadRounds(session.State).Save(repository.RepositoryId, ReadRound.Whole(started));
        }
        catch (ProblemException unwritable)
        {
            session.Warn(unwritable.Problem);
        }
    }

    // Files that another program removes during the check would look like damage.
    private static async Task<RepositoryLock?> LockAsync(Session session, Repository repository, CancellationToken cancellation)
    {
        var held = await repository.LockToReadAsync(cancellation: cancellation);
        if (held is null) session.Warn(Catalogue.RepositoryUnlocked.With("The repository is read-only, so it is checked without a lock."));
        return held;
    }

    private static ReadSubset? Reading(ParseResult parsed)
    {
        var (all, subset) = (parsed.GetValue(ReadData), parsed.GetValue(Subset));
        if (all && subset is not null) throw Catalogue.Usage.Throwable("--read-data and --read-data-subset do not go together.");
        if (subset is null) return all ? ReadSubset.All : null;
        return SubsetText.Parse(subset) ?? throw Catalogue.Usage.Throwable($"'{subset}' is no part of the data.", "Say n/t with n from 1 to t and t up to 256, as 1/5, or a share as 2.5%.");
    }

    private static async Task<ExitCode> UnlockAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        var removed = await repository.UnlockAsync(parsed.GetValue(All), cancellation);
        foreach (var info in removed) session.Output.Report(LockEvent.Of(info));
        var left = (await repository.ListLocksAsync(cancellation)).Count;
        if (left > 0) session.Output.Report(new MessageEvent($"{left} locks are left: they are younger than 30 minutes, so a living process may hold them. --all removes them too."));
        else if (removed.Count == 0) session.Output.Report(new MessageEvent("There is no lock to remove."));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> KitAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var directory = Path.GetFullPath(parsed.GetRequiredValue(KitDirectory));
        var settings = await session.Source.ReadAsync(cancellation);
        if (parsed.GetValue(Restore))
        {
            var restored = await RecoveryKit.RestoreAsync(settings, directory, cancellation);
            session.Output.Report(new MessageEvent(restored.Count == 0 ? "The repository has all that is in the kit, and opens." : $"Put back {string.Join(" and ", restored)}; the repository opens."));
            return ExitCode.Success;
        }
        var withPassword = parsed.GetValue(WithPassword);
        await RecoveryKit.WriteAsync(await session.OpenAsync(cancellation), settings, directory, withPassword, session.Clock.GetUtcNow(), cancellation);
        session.Output.Report(new MessageEvent($"Wrote the recovery kit to {directory} (mode 0700). Move it away from this machine, and not to where the repository is.{(withPassword ? "" : " The password is not in it.")}"));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> TellStatisticsAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        if (parsed.GetValue(By) is { } by && by != "component") throw Catalogue.Usage.Throwable($"'{by}' is nothing that it can be said by.", "Say --by component.");
        if (parsed.GetValue(By) is not null)
        {
            await using var held = await LockAsync(session, repository, cancellation);
            var shares = (await new ComponentShares(repository).WeighAsync(cancellation)).Select(ComponentShareEvent.Of).ToList();
            session.Output.Report(ComponentShareEvent.Table(shares), shares);
        }
        session.Output.Report(StatisticsEvent.Of(await repository.StatisticsAsync(cancellation)));
        return ExitCode.Success;
    }
}
