using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Components.Queues;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>Looks at the platform's queues, and takes messages out of them or puts them back without losing one.</summary>
internal static partial class QueuesCommand
{
    private static readonly Argument<string[]> Names = new("queue") { Description = "Queues or lists of the profile; all when none is named.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Argument<string> Snapshot = new("archive") { Description = "An archive's or recovery point's id, the beginning of it, or 'latest' for the newest archive.", DefaultValueFactory = _ => "latest" };
    private static readonly Option<string[]> Queue = new("--queue") { Description = "Only this queue or list; may be given several times.", HelpName = "NAME", DefaultValueFactory = _ => [] };
    private static readonly Option<string[]> Broker = new("--broker") { Description = "Only this broker of the profile; may be given several times.", HelpName = "NAME", DefaultValueFactory = _ => [] };
    private static readonly Option<string> Wait = new("--timeout") { Description = "How long to wait: 30s, 5m or 1h.", HelpName = "TIME", DefaultValueFactory = _ => "10m" };
    private static readonly Option<bool> PlanOnly = new("--plan") { Description = "Only show what would be done." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };
    private static readonly Option<bool> WithoutArchive = new("--without-archive") { Description = "Keep no copy of the messages." };
    private static readonly Option<bool> LoseMessages = new("--yes-lose-messages") { Description = "The work that the messages ask for will never be done." };

    private static readonly Option<bool> Again = new("--again") { Description = "Put back what was put back before, too; it needs --yes-repeat-work." };
    private static readonly Option<bool> RepeatWork = new("--yes-repeat-work") { Description = "The work of messages that were worked off since is done a second time." };

    public static Command Make(Launcher launcher) => new("queues", "Looks at queues, and archives and restores their messages.")
    {
        launcher.Start(new Command("list", "Shows what waits in the queues, and what the workers do.") { Broker }, ListAsync),
        launcher.Start(new Command("wait", "Waits until nothing waits and no worker does anything.") { Broker, Wait }, WaitAsync),
        launcher.Start(new Command("archive", "Takes messages out of the queues into the repository.") { Names, Broker, PlanOnly, Yes }, ArchiveAsync),
        launcher.Start(new Command("restore", "Puts archived messages back into their queues, once.") { Snapshot, Queue, Broker, PlanOnly, Yes, Again, RepeatWork }, RestoreAsync),
        launcher.Start(new Command("delete", "Deletes messages for ever; 'archive' keeps them.") { Names, Broker, PlanOnly, WithoutArchive, LoseMessages }, DeleteAsync),
    };

    private static async Task<ExitCode> ListAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        foreach (var broker in Brokers(session, parsed))
        {
            var status = await broker.ReadAsync(cancellation);
            var queues = status.Queues.Select(queue => QueueEvent.Of(status.Broker, queue)).ToList();
            session.Output.Report(QueueEvent.Table(queues), queues);
            session.Output.Report(WorkersEvent.Of(status));
        }
        return ExitCode.Success;
    }

    private static async Task<ExitCode> WaitAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var brokers = Brokers(session, parsed);
        var until = session.Clock.GetUtcNow() + Duration(parsed.GetRequiredValue(Wait));
        foreach (var broker in brokers)
        {
            var (most, left) = (0L, 0L);
            await LiveStep.RunAsync(session.Output, session.Clock, $"Wait until {broker.BrokerName} is idle", WaitForOneAsync, () => (0, 0, most - left, most));

            async Task<IdleOutcome> WaitForOneAsync()
            {
                var remaining = until - session.Clock.GetUtcNow();
                var outcome = await broker.WaitAsync(remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero, See, cancellation);
                session.Output.Report(WorkersEvent.Of(outcome.Last));
                return outcome.End == IdleEnd.Idle ? outcome : throw Late(broker.BrokerName, outcome.Last, parsed.GetRequiredValue(Wait));
            }

            void See(BrokerStatus status)
            {
                (left, most) = (status.Waiting + status.Unacknowledged, Math.Max(most, status.Waiting + status.Unacknowledged));
                session.Output.Report(QueuesSeenEvent.Of(status));
            }
        }
        return ExitCode.Success;
    }

    private static ProblemException Late(string broker, BrokerStatus last, string timeout) => (last.Workers.IsKnown ? Catalogue.QueueBusy : Catalogue.QueueUnknown)
        .Throwable($"The queues of {broker} were not idle after {timeout}: {last.Description}.");

    private static async Task<ExitCode> ArchiveAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var brokers = Chosen(session, parsed, parsed.GetRequiredValue(Names));
        var teller = new RunReporter(session.Output, session.Clock);
        await using var run = await PrepareAsync(session, teller, cancellation);
        var archive = new QueueArchive(run, session.Profile.Platform, brokers, parsed.GetRequiredValue(Names));
        if (parsed.GetValue(PlanOnly) || !parsed.GetValue(Yes))
        {
            session.Output.Report(PlanEvent.Of(run.Plan("queues archive", await archive.PlanAsync(cancellation))));
            if (parsed.GetValue(PlanOnly)) return ExitCode.Success;
            await session.ConfirmAsync(
                $"Take the messages of platform {Printable.Name(session.Profile.Platform)} out of their queues into an archive? [y/N]",
                "The queues would be emptied, and nobody is here to confirm it, so nothing was done.", "The archive was not confirmed, so nothing was done.", cancellation);
        }
        var outcome = await run.RunAsync("queues archive", archive.PlanAsync, reads: false, cancellation);
        session.TellFailure(outcome);
        return Report(session.Output, outcome, new QueuesFinishedEvent("archived", session.Profile.Platform, archive.Messages) { Archive = archive.Snapshot?.Id.ToString() });
    }

    private static async Task<ExitCode> RestoreAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var brokers = Brokers(session, parsed);
        var teller = new RunReporter(session.Output, session.Clock);
        await using var run = await PrepareAsync(session, teller, cancellation);
        var snapshot = await QueueArchives.FindAsync(run.Repository, session.Profile.Platform, parsed.GetRequiredValue(Snapshot), session.Warn, cancellation);
        var repeats = parsed.GetValue(Again) && !parsed.GetValue(PlanOnly);
        if (repeats && !parsed.GetValue(RepeatWork))
            throw Catalogue.Unconfirmed.Throwable("Messages that were worked off since they were put back would be done a second time, so nothing was done.", "Look at what would be done with --plan; add --yes-repeat-work to --again when that does no harm.");
        if (parsed.GetValue(PlanOnly) || !(repeats || parsed.GetValue(Yes)))
        {
            session.Output.Report(PlanEvent.Of(run.Plan("queues restore", await StepsAsync(cancellation))));
            if (parsed.GetValue(PlanOnly)) return ExitCode.Success;
            await session.ConfirmAsync(
                $"Put the messages of {snapshot.Id.ToShortString()} back into the queues of platform {Printable.Name(session.Profile.Platform)}? [y/N]",
                "Messages would be put back, and workers would do what they ask for, but nobody is here to confirm it, so nothing was done.", "It was not confirmed, so nothing was done.", cancellation);
        }
        var outcome = await run.RunAsync("queues restore", StepsAsync, reads: true, cancellation);
        session.TellFailure(outcome);
        return Report(session.Output, outcome, new QueuesFinishedEvent("restored", session.Profile.Platform, teller.Items) { Archive = snapshot.Id.ToString() });

        async Task<IReadOnlyList<Step>> StepsAsync(CancellationToken token)
        {
            var steps = new List<Step>();
            foreach (var broker in brokers) steps.AddRange(await broker.PlanPutBackAsync(run.Repository, snapshot, parsed.GetRequiredValue(Queue), parsed.GetValue(Again), token));
            return steps.Count > 0 ? steps : throw Catalogue.QueueNone.Throwable($"The snapshot {snapshot.Id.ToShortString()} has no messages of what was asked for.", "'holdfast points files' shows what it has below /queues.");
        }
    }

    /// <summary>Deletes messages of queues. It does not need the repository, which may be unavailable.</summary>
    private static async Task<ExitCode> DeleteAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var names = parsed.GetRequiredValue(Names);
        var brokers = Chosen(session, parsed, names);
        var teller = new RunReporter(session.Output, session.Clock);
        if (parsed.GetValue(PlanOnly))
        {
            session.Output.Report(PlanEvent.Of(await ComposeAsync(cancellation)));
            return ExitCode.Success;
        }
        if (!parsed.GetValue(WithoutArchive) || !parsed.GetValue(LoseMessages))
            throw Catalogue.Unconfirmed.Throwable("Deleting messages loses the work that they ask for, so nothing was done.", "Use 'holdfast queues archive', which empties the queues and keeps the messages; or add --without-archive --yes-lose-messages.");
        return Report(session.Output, await session.RunAsync(ComposeAsync, cancellation, teller), new QueuesFinishedEvent("deleted", session.Profile.Platform, teller.Items));

        async Task<Plan> ComposeAsync(CancellationToken token)
        {
            var steps = new List<Step>();
            foreach (var broker in brokers) steps.Add(await broker.PlanDeleteAsync(names, token));
            return new Plan("queues delete", session.Profile.Platform, steps);
        }
    }

    private static async Task<RepositoryRun> PrepareAsync(Session session, RunReporter teller, CancellationToken cancellation) => await RepositoryRun.PrepareAsync(
        session.RunEnvironment(teller), session.Profile.Platform, await session.Source.ReadAsync(cancellation), session.UndoHandlers(session.Profile), cancellation);

    private static ExitCode Report(IOutput output, RunOutcome outcome, QueuesFinishedEvent finished)
    {
        if (outcome.Problem is null) output.Report(finished with { Warnings = outcome.Warnings.Count, Seconds = outcome.Duration.TotalSeconds });
        return outcome.Exit;
    }

    /// <summary>The brokers that are asked for.</summary>
    private static List<QueuesComponent> Brokers(Session session, ParseResult parsed)
    {
        var all = session.Components(session.Profile).OfType<QueuesComponent>().ToList();
        if (all.Count == 0) throw Catalogue.QueueNone.Throwable($"The profile {session.Profile.File} has no queues.", "Describe them under 'components: queues:'; 'holdfast profile schema' shows how.");
        var wanted = parsed.GetRequiredValue(Broker);
        if (Array.Find(wanted, name => all.TrueForAll(broker => broker.BrokerName != name)) is { } unknown)
            throw Catalogue.QueueNone.Throwable($"The profile has no broker '{unknown}'.{Engine.Profiles.Spelling.Suggest(unknown, [.. all.Select(broker => broker.BrokerName)])}");
        return wanted.Length == 0 ? all : [.. all.Where(broker => wanted.Contains(broker.BrokerName, StringComparer.Ordinal))];
    }

    /// <summary>The brokers that have the queues that are named.</summary>
    private static List<QueuesComponent> Chosen(Session session, ParseResult parsed, string[] names)
    {
        var brokers = Brokers(session, parsed);
        var known = brokers.SelectMany(broker => broker.Names).ToList();
        if (Array.Find(names, name => !brokers.Exists(broker => broker.Knows(name))) is { } unknown)
            throw Catalogue.QueueNone.Throwable($"The profile has no queue or list '{unknown}'.{Engine.Profiles.Spelling.Suggest(unknown, known)}");
        return names.Length == 0 ? brokers : [.. brokers.Where(broker => names.Any(broker.Knows))];
    }

    private static TimeSpan Duration(string text) => WithUnit().IsMatch(text)
        ? Engine.Quantities.Duration.Parse(text)
        : throw Catalogue.Usage.Throwable($"'{text}' is no time.", "Say how long with a unit: 30s, 5m or 1h.");

    [System.Text.RegularExpressions.GeneratedRegex("^[0-9]{1,6}[smh]$", System.Text.RegularExpressions.RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial System.Text.RegularExpressions.Regex WithUnit();
}
