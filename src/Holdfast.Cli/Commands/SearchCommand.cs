using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Components.Search;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Syncing;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Commands;

/// <summary>Builds search indices from the database, and corrects differences between them.</summary>
internal static class SearchCommand
{
    private static readonly Argument<string[]> Named = new("index") { Description = "Aliases of the profile.", Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string[]> Some = new("index") { Description = "Aliases of the profile; all with a source when none is named.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> Cluster = new("--cluster") { Description = "Only this search cluster of the profile.", HelpName = "NAME" };
    private static readonly Option<bool> Delegate = new("--delegate") { Description = "Let the platform's own command do it, as the profile names it." };
    private static readonly Argument<string[]> Wanted = new("index") { Description = "Aliases of the profile; all when none is named.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<bool> Detach = new("--detach") { Description = "Return as soon as the run has begun; it goes on without this terminal, and 'runs follow' shows it." };
    private static readonly Option<bool> DropOld = new("--drop-old") { Description = "Delete the index that is replaced, once the alias leads to the new one." };
    private static readonly Option<bool> Afresh = new("--afresh") { Description = "Begin anew, even when an earlier run has come some way." };
    private static readonly Option<bool> AllowEmpty = new("--allow-empty") { Description = "Let the alias point to an index without documents, even when the one in use has some." };
    private static readonly Option<bool> AllowDeletions = new("--allow-deletions") { Description = "Delete even most of an index, when the database does not have it any more." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only count what differs." };
    private static readonly Option<bool> PlanOnly = new("--plan") { Description = "Only show what would be done." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Make(Launcher launcher) => new("search", "Builds search indices from the database, and puts right what differs.")
    {
        launcher.Start(new Command("prepare", "Lets the nodes write snapshots: the directory, its owner, path.repo and a restart; shows it, and does it with --yes.") { Cluster, PlanOnly, Yes }, PrepareAsync),
        launcher.Start(new Command("recovery", "Watches indices that come back, until the first copy of every shard is there.") { Cluster }, RecoveryAsync),
        launcher.Start(new Command("reindex", "Builds indices anew from the database, beside those in use, and then replaces them.") { Named, Cluster, Delegate, DropOld, Afresh, AllowEmpty, PlanOnly, Yes }, ReindexAsync),
        launcher.Start(new Command("migrate", "Brings templates, mappings, settings and aliases to what the profile wants; prints nothing when they are.") { Wanted, Cluster, Delegate, Detach, PlanOnly }, MigrateAsync),
        launcher.Start(new Command("sync", "Compares indices with the database, and copies what differs; the platform may run.") { Some, Cluster, Delegate, AllowDeletions, DryRun, PlanOnly }, SyncAsync),
        launcher.Start(new Command("drop-old", "Deletes indices that others have replaced, or restores moved aside, and no alias leads to; shows them, and does it with --yes.") { Wanted, Cluster, PlanOnly, Yes }, DropOldAsync),
    };

    private static Task<ExitCode> PrepareAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (cluster, _) = Request(session, parsed, []);
        return AskAndRunAsync(
            session, parsed, async token => new("search prepare", session.Profile.Platform, await cluster.PlanPrepareAsync(token)), $"Every node of {cluster.ClusterName} can write snapshots.",
            "Do it? A restart interrupts the search. [y/N]", "A node would be restarted, and nobody is here to confirm it, so nothing was done.", cancellation);
    }

    private static Task<ExitCode> DropOldAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (cluster, request) = Request(session, parsed, parsed.GetRequiredValue(Wanted));
        if (request.Indices.Count == 0) request = request with { Skipped = ToldOnce(session) };
        return AskAndRunAsync(
            session, parsed, async token => new("search drop-old", session.Profile.Platform, await cluster.PlanDropOldAsync(request, token)), $"{cluster.ClusterName} has no index that another one has replaced, or that a restore has moved aside.",
            "Delete them? [y/N]", "Indices would be deleted, and nobody is here to confirm it, so nothing was done.", cancellation);
    }

    /// <summary>Shows the plan, asks, and runs it.</summary>
    private static async Task<ExitCode> AskAndRunAsync(Session session, ParseResult parsed, Func<CancellationToken, Task<Plan>> compose, string nothing, string question, string nobody, CancellationToken cancellation)
    {
        var plan = await compose(cancellation);
        if (plan.Steps.Count == 0)
        {
            session.Output.Report(new MessageEvent(nothing));
            return ExitCode.Success;
        }
        if (parsed.GetValue(PlanOnly) || !parsed.GetValue(Yes)) session.Output.Report(PlanEvent.Of(plan));
        if (parsed.GetValue(PlanOnly)) return ExitCode.Success;
        if (!parsed.GetValue(Yes)) await session.ConfirmAsync(question, nobody, "It was not confirmed, so nothing was done.", cancellation);
        return (await session.RunAsync(compose, cancellation)).Exit;
    }

    private static async Task<ExitCode> RecoveryAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (cluster, _) = Request(session, parsed, []);
        var counters = new StepCounters();
        await LiveStep.RunAsync(
            session.Output, session.Clock, $"Watch {cluster.ClusterName} come back", async () =>
            {
                await cluster.WatchRecoveryAsync(counters, cancellation);
                return true;
            },
            () => (counters.BytesDone, counters.BytesTotal, counters.ItemsDone, counters.ItemsTotal));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> ReindexAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (cluster, request) = Request(session, parsed, parsed.GetRequiredValue(Named));
        if (parsed.GetValue(PlanOnly) || (parsed.GetValue(DropOld) && !parsed.GetValue(Yes)))
        {
            var plan = await ComposeAsync(cancellation);
            session.Output.Report(PlanEvent.Of(plan));
            if (parsed.GetValue(PlanOnly)) return ExitCode.Success;
            if (plan.Steps.Any(step => step.Destroys))
                await session.ConfirmAsync("Build the indices anew, and delete those that they replace? [y/N]", "Indices would be deleted, and nobody is here to confirm it, so nothing was done.", "It was not confirmed, so nothing was done.", cancellation);
        }
        var outcome = await session.RunAsync(ComposeAsync, cancellation);
        if (outcome.Problem is null) session.Output.Report(new SearchFinishedEvent("reindexed", session.Profile.Platform, request.Indices) { Warnings = outcome.Warnings.Count, Seconds = outcome.Duration.TotalSeconds });
        return outcome.Exit;

        async Task<Plan> ComposeAsync(CancellationToken token) => new("search reindex", session.Profile.Platform, await cluster.PlanReindexAsync(request, token));
    }

    /// <summary>Silence means that nothing was to be done, as in the guidelines of the platform.</summary>
    private static async Task<ExitCode> MigrateAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        const string Verb = "search migrate";
        var differing = new List<string>();
        var (cluster, request) = Request(session, parsed, parsed.GetRequiredValue(Wanted));
        if (request.Indices.Count == 0) request = request with { Indices = cluster.Aliases, Skipped = ToldOnce(session) };
        var plan = await ComposeAsync(cancellation);
        if (plan.Steps.Count == 0) return ExitCode.Success;
        if (parsed.GetValue(PlanOnly) || parsed.GetValue(Detach)) session.Output.Report(PlanEvent.Of(plan));
        if (parsed.GetValue(PlanOnly)) return ExitCode.Success;
        if (parsed.GetValue(Detach))
        {
            if (await DetachedRun.StartAsync(session, parsed, Verb, cancellation) is { } run) session.Output.Report(RunEntryEvent.Of(run));
            return ExitCode.Success;
        }
        var outcome = await session.RunAsync(ComposeAsync, cancellation);
        if (outcome.Problem is null) session.Output.Report(new SearchFinishedEvent("migrated", session.Profile.Platform, differing) { Warnings = outcome.Warnings.Count, Seconds = outcome.Duration.TotalSeconds });
        return outcome.Exit;

        async Task<Plan> ComposeAsync(CancellationToken token)
        {
            differing.Clear();
            return new(Verb, session.Profile.Platform, await cluster.PlanMigrateAsync(request, differing.Add, token));
        }
    }

    private static async Task<ExitCode> SyncAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (cluster, request) = Request(session, parsed, parsed.GetRequiredValue(Some));
        if (request.Indices.Count == 0) request = request with { Indices = cluster.SourcedAliases };
        var isDry = parsed.GetValue(DryRun);
        var found = new List<SyncResult>();
        if (parsed.GetValue(PlanOnly))
        {
            session.Output.Report(PlanEvent.Of(await ComposeAsync(cancellation)));
            return ExitCode.Success;
        }
        var outcome = await session.RunAsync(ComposeAsync, cancellation);
        foreach (var result in found) session.Output.Report(SearchSyncedEvent.Of(result, isDry));
        return outcome.Exit;

        async Task<Plan> ComposeAsync(CancellationToken token) => new(isDry ? "search compare" : "search sync", session.Profile.Platform, await cluster.PlanSyncAsync(request, isDry, found.Add, token));
    }

    /// <summary>Prints each sentence once: a plan is made to be shown, and again to be run.</summary>
    private static Action<string> ToldOnce(Session session)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        return sentence =>
        {
            if (told.Add(sentence)) session.Output.Report(new MessageEvent(sentence));
        };
    }

    /// <summary>The cluster that has the aliases, and what is asked of it.</summary>
    private static (SearchComponent Cluster, IndexRequest Request) Request(Session session, ParseResult parsed, string[] aliases)
    {
        var components = session.Components(session.Profile);
        var clusters = components.OfType<SearchComponent>().ToList();
        if (clusters.Count == 0) throw Catalogue.SearchIndex.Throwable($"The profile {session.Profile.File} has no search engine.", "Describe it under 'components: search:'; 'holdfast profile schema' shows how.");
        if (parsed.GetValue(Cluster) is { } named)
        {
            clusters = [.. clusters.Where(cluster => cluster.ClusterName == named)];
            if (clusters.Count == 0) throw Catalogue.SearchIndex.Throwable($"The profile has no search cluster '{named}'.", "See 'components: search:' in the profile.");
        }
        var known = clusters.SelectMany(cluster => cluster.Aliases).ToList();
        if (Array.Find(aliases, alias => !known.Contains(alias, StringComparer.Ordinal)) is { } unknown)
            throw Catalogue.SearchIndex.Throwable($"The profile does not say what '{unknown}' is made of.{Spelling.Suggest(unknown, known)}", "Describe it under 'indices' of the search component, by the name of the alias.");
        var fitting = clusters.FindAll(cluster => aliases.All(alias => cluster.Aliases.Contains(alias, StringComparer.Ordinal)));
        if (fitting.Count == 0) throw Catalogue.SearchIndex.Throwable("The indices are of several clusters.", "Name those of one cluster at a time.");
        if (fitting.Count > 1)
            throw Catalogue.SearchIndex.Throwable($"Several search clusters of the profile may be meant: {string.Join(", ", fitting.Select(cluster => cluster.ClusterName))}.", "Name one of them with --cluster.");
        return (fitting[0], new IndexRequest([.. aliases.Distinct(StringComparer.Ordinal)], [.. components.OfType<IDocumentSource>()], Path.Combine(session.State.Path, "search"))
        {
            Delegate = parsed.GetValue(Delegate), DropOld = parsed.GetValue(DropOld), Afresh = parsed.GetValue(Afresh), AllowDeletions = parsed.GetValue(AllowDeletions), AllowEmpty = parsed.GetValue(AllowEmpty),
        });
    }
}
