using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Building;
using Holdfast.Components.Search.Bulk;
using Holdfast.Components.Search.Definitions;
using Holdfast.Components.Search.Migrating;
using Holdfast.Components.Search.Preparing;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Components.Search.Syncing;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Components;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search;

/// <summary>A cluster of Elasticsearch or OpenSearch, captured and restored by snapshots of its own. docs/search.md describes how.</summary>
public sealed class SearchComponent : IComponent
{
    private readonly SearchSettings _settings;
    private readonly SearchServer _server;
    private readonly SearchUndos _undos;
    private readonly IndexDefinitions _definitions;
    private readonly IHost _host;
    private readonly TimeProvider _clock;

    /// <summary>Reads its settings from one item of the profile's list "components: search:".</summary>
    /// <param name="node">The item.</param>
    /// <param name="secrets">Reads the password.</param>
    /// <param name="host">Runs the platform's own commands.</param>
    /// <param name="clock">Measures time.</param>
    /// <param name="folder">What paths of files in the item are relative to; null for the current directory.</param>
    public SearchComponent(ProfileNode node, ISecretReader secrets, IHost host, TimeProvider clock, string? folder = null)
    {
        (_settings, _host, _clock) = (SearchSettings.Read(node), host, clock);
        _definitions = new IndexDefinitions(_settings, folder ?? Environment.CurrentDirectory);
        _server = new SearchServer(new WebServer(_settings.Web, secrets));
        _undos = new SearchUndos(_settings, _server, clock);
        Check = new SearchCheck(node, secrets, clock);
    }

    public string Name => $"search/{_settings.Name}";

    public string Kind => "search";

    public IReadOnlyList<IUndoHandler> UndoHandlers => [.. _undos.Handlers, IndexUndos, Setup];

    /// <summary>Its name among the clusters of the profile.</summary>
    public string ClusterName => _settings.Name;

    /// <summary>The aliases whose indices the profile defines.</summary>
    public IReadOnlyList<string> Aliases => _definitions.Aliases;

    /// <summary>Those of them that are built from a database.</summary>
    public IReadOnlyList<string> SourcedAliases => _definitions.SourcedAliases;

    /// <summary>Checks whether clients read or write the cluster.</summary>
    public ICheckSource Check { get; }

    public async Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation)
    {
        try
        {
            return await UnexpectedAnswer.RefuseAsync(_server.Place, () => AskAsync(cancellation));
        }
        catch (ProblemException problem)
        {
            return [problem.Problem];
        }
    }

    private async Task<IReadOnlyList<Problem>> AskAsync(CancellationToken cancellation)
    {
        await ServerDialect.AskAsync(_server, cancellation);
        var repository = new SnapshotRepository(_server, _settings.Repository, _clock);
        if (!await repository.IsRegisteredAsync(cancellation)) return [];
        await repository.RefuseReadOnlyAsync(cancellation);
        await repository.VerifyAsync(cancellation);
        return [];
    }

    public async Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation)
    {
        var plan = await UnexpectedAnswer.RefuseAsync(_server.Place, () => new SearchCapture(_settings, _server, _undos, _definitions.Files, session, _clock).PlanAsync(cancellation));
        return plan with { Before = Guarded(plan.Before), Mark = Guarded(plan.Mark), After = Guarded(plan.After) };
    }

    IReadOnlyList<string>? IComponent.PartsOf(ComponentRecord record) => PartsOf(record);

    /// <summary>The indices that a recovery point holds, and its data streams.</summary>
    /// <exception cref="ProblemException">The record is not what a backup writes.</exception>
    public static IReadOnlyList<string> PartsOf(ComponentRecord record)
    {
        var held = SearchRecord.Read(record.Details);
        return [.. held.Indices.Concat(held.Streams.Keys)];
    }

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation) =>
        GuardedAsync(() => new SearchRestore(_settings, _server, _undos, session, _clock).PlanAsync(cancellation));

    private IReadOnlyList<Step> Guarded(IReadOnlyList<Step> steps) => UnexpectedAnswer.Guard(_server.Place, steps);

    private async Task<IReadOnlyList<Step>> GuardedAsync(Func<Task<IReadOnlyList<Step>>> plan) => Guarded(await UnexpectedAnswer.RefuseAsync(_server.Place, plan));

    /// <summary>
    /// The steps that rebuild indices from their databases. Planning queries the servers, but changes nothing.
    /// </summary>
    /// <exception cref="ProblemException">An index is not defined, its statement is invalid, or the engine cannot be
    /// queried.</exception>
    public Task<IReadOnlyList<Step>> PlanReindexAsync(IndexRequest request, CancellationToken cancellation) => GuardedAsync(() => ReindexingAsync(request, cancellation));

    private async Task<IReadOnlyList<Step>> ReindexingAsync(IndexRequest request, CancellationToken cancellation)
    {
        if (request.Delegate) return [.. request.Indices.Select(alias => Delegated("reindex", $"Reindex {alias}", alias))];
        var steps = new List<Step>();
        foreach (var definition in request.Indices.Select(_definitions.Of))
        {
            var place = await AliasedIndex.FindAsync(_server, definition.Alias, cancellation);
            steps.AddRange(await new IndexBuild(Work(request), definition, place, SourceOf(request, definition), request.AllowEmpty).PlanAsync(request.Afresh, request.DropOld, cancellation));
        }
        return steps;
    }

    /// <summary>The steps that correct the differences between indices and their databases.</summary>
    /// <param name="request">The indices.</param>
    /// <param name="isDry">Compares, and changes nothing.</param>
    /// <param name="found">Receives the result of each index.</param>
    /// <param name="cancellation">Cancels the comparison.</param>
    /// <exception cref="ProblemException">An index is not defined or does not exist, or the engine cannot be
    /// queried.</exception>
    public Task<IReadOnlyList<Step>> PlanSyncAsync(IndexRequest request, bool isDry, Action<SyncResult> found, CancellationToken cancellation) => GuardedAsync(() => SyncingAsync(request, isDry, found, cancellation));

    private async Task<IReadOnlyList<Step>> SyncingAsync(IndexRequest request, bool isDry, Action<SyncResult> found, CancellationToken cancellation)
    {
        if (request.Delegate) return [Delegated("sync", $"Sync {Name}", string.Join(',', request.Indices))];
        var steps = new List<Step>();
        foreach (var definition in request.Indices.Select(_definitions.Of))
        {
            var source = SourceOf(request, definition);
            var place = await AliasedIndex.FindAsync(_server, definition.Alias, cancellation);
            var index = place.Require();
            var shape = await IndexShape.ReadAsync(_server, definition, place, index, cancellation);
            shape.RefuseConflicts(index);
            shape.RefuseHiddenVersion(index);
            if (!isDry) await IndexBlocks.RefuseWritesAsync(_server, index, cancellation);
            await RoutedDocuments.RefuseAsync(_server, index, cancellation);
            var work = Work(request);
            steps.Add(work.Step(
                $"{(isDry ? "Compare" : "Sync")} {index}", $"Compares ids and versions with the database{(isDry ? "" : ", and copies what differs")}.",
                async (context, stop) => found(await new IndexSync(work, definition, index, source).RunAsync(context, isDry, request.AllowDeletions, stop))));
        }
        return steps;
    }

    /// <summary>
    /// The steps that bring templates and indices to what the profile defines; empty when nothing differs.
    /// </summary>
    /// <exception cref="ProblemException">A definition is invalid, or the engine cannot be queried.</exception>
    public Task<IReadOnlyList<Step>> PlanMigrateAsync(IndexRequest request, CancellationToken cancellation) => PlanMigrateAsync(request, _ => { }, cancellation);

    /// <summary>The same steps, and the aliases whose indices differ.</summary>
    /// <param name="request">The indices.</param>
    /// <param name="found">Receives each alias whose index the steps change; all of them where the platform's own
    /// command migrates.</param>
    /// <param name="cancellation">Cancels the requests.</param>
    /// <exception cref="ProblemException">A definition is invalid, or the engine cannot be queried.</exception>
    public Task<IReadOnlyList<Step>> PlanMigrateAsync(IndexRequest request, Action<string> found, CancellationToken cancellation) => GuardedAsync(() => MigratingAsync(request, found, cancellation));

    private async Task<IReadOnlyList<Step>> MigratingAsync(IndexRequest request, Action<string> found, CancellationToken cancellation)
    {
        if (!request.Delegate)
        {
            var aliases = new List<string>();
            foreach (var alias in request.Indices)
                if (request.Skipped is null || await AliasedIndex.FindUnlessSeriesAsync(_server, alias, request.Skipped, cancellation) is not null) aliases.Add(alias);
            return await new IndexMigration(Work(request), IndexUndos, _definitions, _settings.Pace).PlanAsync(aliases, found, cancellation);
        }
        foreach (var alias in request.Indices) found(alias);
        return [Delegated("migrate", $"Migrate {Name}", string.Join(',', request.Indices))];
    }

    /// <summary>
    /// The steps that delete indices which were replaced, or which restores have moved aside; empty when there are
    /// none. When the request names no alias: those of all aliases of the profile, and every moved-aside index.
    /// </summary>
    /// <exception cref="ProblemException">The engine cannot be queried, or an alias points to several
    /// indices.</exception>
    public Task<IReadOnlyList<Step>> PlanDropOldAsync(IndexRequest request, CancellationToken cancellation) => GuardedAsync(() => DroppingOldAsync(request, cancellation));

    private async Task<IReadOnlyList<Step>> DroppingOldAsync(IndexRequest request, CancellationToken cancellation)
    {
        var steps = new List<Step>();
        var places = new List<AliasedIndex>();
        foreach (var alias in request.Indices.Count > 0 ? request.Indices : Aliases) if (await AliasedIndex.FindUnlessSeriesAsync(_server, alias, request.Skipped, cancellation) is { } place) places.Add(place);
        // A copy is deleted only while the index in whose place it was is there, which may be one of the old ones.
        steps.AddRange(await new AsideIndices(Work(request)).PlanAsync(index => request.Indices.Count == 0 || places.Exists(place => place.Names(index)), cancellation));
        foreach (var place in places) steps.AddRange(await new OldIndices(Work(request), place).PlanAsync(cancellation));
        return steps;
    }

    /// <summary>
    /// The steps that let the nodes write snapshots into the profile's directory; empty when they can.
    /// </summary>
    /// <exception cref="ProblemException">The engine cannot be queried, or the profile lacks a setting that is
    /// needed.</exception>
    public Task<IReadOnlyList<Step>> PlanPrepareAsync(CancellationToken cancellation) => GuardedAsync(() => Setup.PlanAsync(cancellation));

    /// <summary>Waits until the primary of every shard of the restored indices has started.</summary>
    /// <param name="counters">Receives shards and bytes.</param>
    /// <param name="cancellation">Stops the wait.</param>
    /// <exception cref="ProblemException">A shard cannot be restored, with the engine's explanation, or the time limit
    /// has passed.</exception>
    public async Task WatchRecoveryAsync(StepCounters counters, CancellationToken cancellation)
    {
        await UnexpectedAnswer.RefuseAsync(_server.Place, async () =>
        {
            var found = await PlatformIndices.FindAsync(_server, _settings.Indices, cancellation);
            if (found.Open.Count > 0) await new IndexRecovery(_server, _clock).WaitAsync(found.Open, _settings.Deadline, counters, cancellation);
            return true;
        });
    }

    private NodeSetup Setup => new(_settings, _server, _host, _clock);

    private IndexUndos IndexUndos => new(_settings, _server, _clock);

    private SearchWork Work(IndexRequest request) => new(_settings.Name, _server, request.Folder, _settings.Deadline, _clock, _undos);

    private Step Delegated(string verb, string name, string index) => new DelegatedCommand(_settings, _host).Step(verb, name, index);

    private static IDocumentSource SourceOf(IndexRequest request, IndexDefinition definition)
    {
        if (definition.Source is not { } query)
            throw Catalogue.SearchDefinition.Throwable($"The profile does not say from which statement '{definition.Alias}' is built (line {definition.Place.Line}).", "Add 'source' to it, or let the platform do it with --delegate.");
        return request.Sources.FirstOrDefault(source => query.Source is null || source.SourceName == query.Source)
            ?? throw Catalogue.SearchDefinition.Throwable($"The profile has no cluster '{query.Source}' in components.postgres (line {query.Place.Line}).");
    }
}
