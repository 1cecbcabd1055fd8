using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Copies;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>Copies recovery points, WAL and archives of messages into another repository. See docs/copies.md.</summary>
internal static class CopyCommand
{
    private static readonly Argument<string[]> Points = new("point")
    {
        Description = "Only these recovery points: ids, the beginnings of them, or 'latest'.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<string?> To = new("--to")
    {
        Description = "The repository to copy to. Else all copies of the profile.", HelpName = "PATH",
    };
    private static readonly Option<string?> ToPasswordFile = new("--to-password-file")
    {
        Description = "A file with the password of that repository, when the profile does not name it.",
        HelpName = "PATH",
    };
    private static readonly Option<bool> Init = new("--init")
    {
        Description = "Make the repository where there is none; it cuts files as the source does.",
    };
    private static readonly Option<bool> All = new("--all")
    {
        Description = "Copy the snapshots of all platforms and of other programs too.",
    };
    private static readonly Option<bool> PlanOnly = new("--plan") { Description = "Only show what would be copied." };

    /// <summary>A repository to copy to, and what goes there.</summary>
    private sealed record Target(string Place, RepositorySource Source, CopyRequest Request);

    public static Command Make(Launcher launcher)
    {
        const string does = "Copies recovery points, archived WAL and archives of messages into another repository.";
        return launcher.Start(new Command("copy", does) { Points, To, ToPasswordFile, Init, All, PlanOnly }, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (targets, init) = (TargetsOf(session, parsed), parsed.GetValue(Init) && !parsed.GetValue(PlanOnly));
        var source = await session.OpenAsync(cancellation);
        var points = await FindAsync(session, source, parsed.GetRequiredValue(Points), cancellation);
        var exit = ExitCode.Success;
        foreach (var target in targets)
        {
            var request = target.Request with { Points = points, PlanOnly = parsed.GetValue(PlanOnly) };
            if (parsed.GetValue(All)) request = request with { Foreign = true, Platform = null };
            var ended = await TryAsync(session, source, target with { Request = request }, init, cancellation);
            if (exit == ExitCode.Success) exit = ended;
        }
        return exit;
    }

    /// <summary>
    /// Makes the copies that the profile requires after each backup. The recovery point is complete in any case, so a
    /// failure to copy is a warning.
    /// </summary>
    /// <returns>False when a copy was not brought up to date.</returns>
    public static async Task<bool> RunAfterBackupAsync(Session session, CancellationToken cancellation)
    {
        var isWhole = true;
        foreach (var copy in CopySettings.Of(session.Profile).Where(copy => copy.AfterBackup))
        {
            try
            {
                var source = await session.OpenAsync(cancellation);
                var exit = await CopyAsync(session, source, TargetOf(session, copy), init: false, cancellation);
                isWhole &= exit == ExitCode.Success;
            }
            catch (Exception failed) when (failed is ProblemException or ResticException or OperationCanceledException)
            {
                var why = failed.ToProblem().Message;
                session.Warn(Catalogue.CopyFailed.With($"The copy {copy.To} was not brought up to date: {why}"));
                isWhole = false;
            }
        }
        return isWhole;
    }

    /// <summary>
    /// Reports what each copy of the profile lacks of the repository. All copies are queried at the same time.
    /// </summary>
    public static async Task TellStatesAsync(
        Session session, IReadOnlyList<Snapshot> source, CancellationToken cancellation)
    {
        if (session.ProfileIfAny is not { } profile) return;
        var deadline = CheckSettings.Read(profile).Timeout;
        var asked = CopySettings.Of(profile).Select(copy => CopyState.AskAsync(
            source, copy, session.SourceOf(copy).ReadAsync, deadline, session.Clock, cancellation));
        foreach (var state in await Task.WhenAll(asked)) session.Output.Report(CopyStateEvent.Of(state));
    }

    /// <summary>One that fails leaves the others alone.</summary>
    private static async Task<ExitCode> TryAsync(
        Session session, Repository source, Target target, bool init, CancellationToken cancellation)
    {
        try
        {
            return await CopyAsync(session, source, target, init, cancellation);
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            var problem = failure.ToProblem();
            session.Output.Report(ProblemEvent.Error(problem));
            return problem.Exit;
        }
    }

    private static async Task<ExitCode> CopyAsync(
        Session session, Repository source, Target target, bool init, CancellationToken cancellation)
    {
        var settings = await target.Source.ReadAsync(cancellation);
        await using var copy = await OpenAsync(session, source, settings, init, cancellation);
        var (request, counters) = (target.Request, target.Request.Counters);
        var run = new RepositoryCopy(source, copy, request, session.Clock);
        var began = session.Clock.GetTimestamp();
        var outcome = await LiveStep.RunAsync(
            session.Output, session.Clock, $"Copy to {settings.Path}", () => run.RunAsync(cancellation),
            () => (counters.BytesRead, counters.BytesTotal, counters.Verified.PacksDone, counters.Verified.PacksTotal));
        foreach (var warning in outcome.Warnings) session.Warn(warning);
        var seconds = session.Clock.GetElapsedTime(began).TotalSeconds;
        var finished = CopyFinishedEvent.Of(settings.Path, outcome);
        session.Output.Report(finished with { Planned = request.PlanOnly, Seconds = seconds });
        return outcome.Exit;
    }

    private static async Task<Repository> OpenAsync(
        Session session, Repository source, RepositorySettings settings, bool init, CancellationToken cancellation)
    {
        try
        {
            return await Repository.OpenAsync(settings.Backend, settings.Password, settings.Options, cancellation);
        }
        catch (ResticException missing) when (missing.Error == ResticError.NoRepository)
        {
            if (!init) throw Catalogue.CopyMissing.Throwable(missing.Message, missing);
        }
        var like = new InitOptions { Version = source.Version, Like = source };
        var (password, options) = (settings.Password, settings.Options);
        var made = await Repository.InitAsync(settings.Backend, password, like, options, cancellation);
        var id = made.RepositoryId.ToString();
        session.Output.Report(new RepositoryEvent(settings.Path, id, made.Version, Created: true));
        return made;
    }

    private static IReadOnlyList<Target> TargetsOf(Session session, ParseResult parsed)
    {
        var copies = session.ProfileIfAny is { } profile ? CopySettings.Of(profile) : [];
        if (parsed.GetValue(To) is not { } place)
        {
            if (copies.Count == 0) throw Unset("Nothing says where to copy to.");
            return [.. copies.Select(copy => TargetOf(session, copy))];
        }
        if (parsed.GetValue(ToPasswordFile) is { } file)
        {
            var source = session.SourceOf(place, file);
            return [new Target(source.Path, source, new CopyRequest { Platform = session.ProfileIfAny?.Platform })];
        }
        var wanted = session.SourceOf(place, "").Path;
        var named = copies.Select(copy => TargetOf(session, copy)).FirstOrDefault(target => target.Place == wanted);
        return named is null ? throw Unset($"Nothing says what the password of the repository {wanted} is.") : [named];
    }

    private static Target TargetOf(Session session, CopySettings copy)
    {
        var source = session.SourceOf(copy);
        return new Target(source.Path, source, CopyRequest.Of(copy));
    }

    private static ProblemException Unset(string message) => Catalogue.CopyUnset.Throwable(message);

    /// <summary>The ids of the points that are named; null when none is.</summary>
    private static async Task<IReadOnlySet<Id>?> FindAsync(
        Session session, Repository source, string[] named, CancellationToken cancellation)
    {
        if (named.Length == 0) return null;
        var (points, found) = (new RecoveryPoints(source, session.Warn), new HashSet<Id>());
        foreach (var name in named)
            found.Add((await points.FindAsync(name, session.ProfileIfAny?.Platform, [], cancellation)).Id);
        return found;
    }
}
