using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// The steps that put a cluster into a recovery point: the engine takes a snapshot into a repository of its own, which
/// is copied. Where the platform is stopped for the mark, a first snapshot before it stores most of the data, so that
/// the one in the window is a small increment.
/// </summary>
internal sealed class SearchCapture(SearchSettings settings, SearchServer server, SearchUndos undos, IReadOnlyList<(string Named, string Path)> files, CaptureSession session, TimeProvider clock)
{
    /// <summary>
    /// The highest number of snapshots of a cluster whose indices or aliases change meanwhile; each is incremental to
    /// the one before.
    /// </summary>
    private const int Attempts = 4;

    private readonly SnapshotRepository _repository = new(server, settings.Repository, clock);
    private ServerDialect? _dialect;
    private string _identity = "";
    private SnapshotInfo? _taken;

    /// <summary>
    /// Document counts before the snapshot. While clients write, the counts of the snapshot are unknown: then documents
    /// are counted before it too, and indices whose counts differ are not compared afterwards.
    /// </summary>
    private Dictionary<string, long> _before = [];
    private Dictionary<string, long> _counts = [];
    private Undo? _final;
    private IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> _streams = [];

    /// <summary>
    /// The indices that the last snapshot was requested for: any other index in it does not belong to the platform.
    /// </summary>
    private IReadOnlyList<string> _wanted = [];
    private IReadOnlyList<string> _aside = [];
    private readonly List<Problem> _refused = [];
    private ComponentRecord? _record;
    private JsonObject? _state;

    private string Name => settings.Name;

    private string Final => $"holdfast-{session.Manifest.RunId.ToLowerInvariant()}";

    private string Warming => $"{Final}-warming";

    /// <exception cref="ProblemException">No engine answers, or it lacks what the profile names.</exception>
    public async Task<CapturePlan> PlanAsync(CancellationToken cancellation)
    {
        var dialect = await ServerDialect.AskAsync(server, cancellation);
        var (open, _, aside, _, unreadable) = await FindAsync(cancellation);
        if (open.Count == 0) throw unreadable.Count > 0 ? new ProblemException(Unreadable(unreadable) with { Exit = ExitCode.Failure }) : Catalogue.SearchIndex.Throwable($"{Name} has no open index that fits {string.Join(", ", settings.Indices)}.");
        if (settings.Location is null && !await _repository.IsRegisteredAsync(cancellation))
            throw Catalogue.SearchPath.Throwable($"{server.Place} knows no snapshot repository '{settings.Repository}', and the profile names no directory for one.");
        List<Step> before = [Step($"Prepare the snapshots of {Name}", $"Registers the snapshot repository '{settings.Repository}' of {dialect.Name} if need be, and lets every node write into it.", PrepareAsync)];
        if (session.Mode != BackupMode.Online) before.Add(Step($"Take a first snapshot of {Name}", $"{Quantity.Indices(open.Count)}, while the platform runs, so that the next one is quick.", WarmAsync));
        List<Step> after = [Step($"Describe {Name}", $"Puts settings, templates, mappings and aliases into {SearchPath.State(Name)}{(files.Count > 0 ? $", and {files.Count} files that the profile names beside it" : "")}.", DescribeAsync)];
        if (settings.Copies) after.Add(Step($"Copy the snapshots of {Name}", $"Copies the repository into {SearchPath.Repository(Name)}.", CopyAsync));
        after.Add(Step($"Delete old snapshots of {Name}", $"Keeps {settings.Keep} of Holdfast's own; others are left alone.", RetireAsync));
        return new CapturePlan
        {
            Before = before,
            Mark = [Step($"Take the snapshot of {Name}", $"Flushes {Quantity.Indices(open.Count)}, takes a snapshot and counts the documents.{(aside.Count == 0 ? "" : $" Left out, because a restore had moved it aside: {Some(aside)}.")}", TakeAsync)],
            After = after,
        };
    }

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"search/{Name}", Act = act };

    private async Task PrepareAsync(StepContext context, CancellationToken cancellation)
    {
        _dialect = await ServerDialect.AskAsync(server, cancellation);
        _identity = await server.FindIdentityAsync(cancellation);
        if (settings.Location is { } location)
        {
            var there = await _repository.FindLocationAsync(cancellation);
            if (there is not null && there.TrimEnd('/') != location)
                throw Catalogue.SearchPath.Throwable($"The snapshot repository '{settings.Repository}' of {Name} lies in '{there}', and in '{location}' by the profile.", "Correct 'location' in the profile, or choose another 'name' for the repository.");
            if (there is null) await _repository.RegisterAsync(location, isReadOnly: false, cancellation);
        }
        await _repository.RefuseReadOnlyAsync(cancellation);
        await _repository.VerifyAsync(cancellation);
        var listed = await RefuseCompanyAsync(cancellation);
        if (await _repository.FindDamagedAsync(listed, cancellation) is { Count: > 0 } damaged)
            context.Warn(Catalogue.SearchDamaged.With($"The engine cannot read {(damaged.Count == 1 ? "a snapshot" : $"{damaged.Count} snapshots")} in the repository '{settings.Repository}' of {Name}: {Some(damaged)}."));
        await RefuseLostAsync(cancellation);
        await WarnOfUnseenAsync(context, cancellation);
    }

    /// <summary>A listing has only what the user may see.</summary>
    private async Task WarnOfUnseenAsync(StepContext context, CancellationToken cancellation)
    {
        var unseen = await UnseenIndices.FindAsync(server, settings.Indices, await FindAsync(cancellation), cancellation);
        if (unseen.Count > 0) context.Warn(Catalogue.SearchUnseen.With($"The user of the profile may not see {(unseen.Count == 1 ? "an index" : Quantity.Indices(unseen.Count))} of {Name} that the profile means, so the recovery point lacks {(unseen.Count == 1 ? "it" : "them")}: {Some(unseen)}."));
    }

    private Problem Unreadable(IReadOnlyDictionary<string, string> unreadable) => Catalogue.SearchUnreadable.With(
        $"The recovery point lacks what cannot be read of {Name}, because of a block: {Some([.. unreadable.Select(index => $"{index.Key} ({index.Value})")])}.");

    private static string Some(IReadOnlyList<string> names) => Quantity.List(names, most: 20);

    /// <summary>The engine takes no snapshot of an index that is not whole; better known before the platform is stopped.</summary>
    private async Task RefuseLostAsync(CancellationToken cancellation)
    {
        var lost = await SearchState.FindLostAsync(server, (await FindAsync(cancellation)).Open, cancellation);
        if (lost.Count > 0)
            throw Catalogue.SearchSnapshot.Throwable($"{string.Join(", ", lost)} of {Name} has lost shards (it is red), so no snapshot can be taken.", "See _cluster/allocation/explain; bring it back from an earlier point with 'holdfast restore --only search --include', or leave it out with 'capture' in the profile.");
    }

    /// <summary>Two writers to one repository ruin it, and a copy of one that is written to is of no use.</summary>
    /// <returns>The snapshots that there are.</returns>
    private async Task<IReadOnlyList<SnapshotInfo>> RefuseCompanyAsync(CancellationToken cancellation)
    {
        var listed = await _repository.ListAsync(cancellation);
        return listed.FirstOrDefault(snapshot => snapshot.IsRunning) is not { } running ? listed
            : throw Catalogue.SearchSnapshot.Throwable($"The snapshot {running.Name} is being taken into the repository '{settings.Repository}' of {Name} already.", "Wait until it has ended, or delete it: that cancels it.");
    }

    /// <summary>
    /// Takes the warming snapshot. Its undo is pending until the end of the run, because only the next snapshot uses
    /// it.
    /// </summary>
    private Task WarmAsync(StepContext context, CancellationToken cancellation) => SnapshotAsync(Warming, context, cancellation);

    private async Task TakeAsync(StepContext context, CancellationToken cancellation)
    {
        var from = clock.GetUtcNow();
        // By their names: of one that was moved aside, and has lost a shard, an engine would wait for that shard, a minute each time.
        foreach (var names in SearchServer.Parts((await FindAsync(cancellation)).Open))
        {
            await server.Patient.PostAsync($"/{names}/_flush?wait_if_ongoing=true&ignore_unavailable=true", null, cancellation);
            await server.Patient.PostAsync($"/{names}/_refresh?ignore_unavailable=true", null, cancellation);
        }
        await TakeUnchangedAsync(context, cancellation);
        _record = new ComponentRecord { Name = $"search/{Name}", Kind = "search", Path = SearchPath.Cluster(Name), From = from, To = clock.GetUtcNow() };
        _record.Versions[_dialect!.IsOpenSearch ? "opensearch" : "elasticsearch"] = _dialect.Number;
        _record.Counts["indices"] = _taken!.Indices.Count;
        _record.Counts["documents"] = _counts.Values.Sum();
        _record.Details = SearchRecord.Of(settings, _dialect, _taken, _counts.Where(IsSettled), _streams);
        foreach (var aside in _aside) _record.Omit($"index {aside}", "a restore had moved it aside");
        foreach (var problem in _refused) context.Warn(problem);
        WarnOfBlocks(context);
        if (ClusterPart.Of(_state!).Where(part => !part.IsPlain).Select(part => Excerpt.Of(part.Title, 100)).ToList() is { Count: > 0 } unnamed)
            context.Warn(Catalogue.SearchNames.With($"A restore of {Name} does not put back what has a name that means others: {Some(unnamed)}.") with { Exit = ExitCode.Success });
        session.Manifest.Mark ??= from;
    }

    /// <summary>Whether the number of documents is that of the snapshot: the platform is still, or there were as many before it. Tools write to their indices (.kibana) at any time.</summary>
    private bool IsSettled(KeyValuePair<string, long> count) =>
        _before.TryGetValue(count.Key, out var before) ? before == count.Value : session.Mode != BackupMode.Online && !IsOfTools(count.Key);

    private static bool IsOfTools(string index) => index.StartsWith('.') && !index.StartsWith(DataStreams.Prefix, StringComparison.Ordinal);

    /// <summary>
    /// Takes the snapshot, and repeats it when an alias was moved meanwhile, or an index created or deleted: an alias
    /// that is read afterwards may point to an index that the snapshot does not have.
    /// </summary>
    private async Task TakeUnchangedAsync(StepContext context, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var before = await LayoutAsync(cancellation);
            ProblemException? failed = null;
            try
            {
                await TakeOnceAsync(attempt, context, cancellation);
            }
            catch (ProblemException problem)
            {
                failed = problem; // it may be of an index that has gone meanwhile
            }
            if (JsonNode.DeepEquals(before, await LayoutAsync(cancellation)))
            {
                if (failed is not null) throw new ProblemException(failed.Problem, failed);
                return;
            }
            if (attempt == Attempts)
                throw Catalogue.SearchSnapshot.Throwable($"Indices or aliases of {Name} changed during each of {Attempts} snapshots, so that none is of one instant.", "Take the point in the mode 'quiesced', or leave out with 'capture' in the profile what changes so often.");
            context.Note($"Indices or aliases of {Name} changed while the snapshot was taken; it is taken again.");
        }
    }

    private async Task TakeOnceAsync(int attempt, StepContext context, CancellationToken cancellation)
    {
        var open = (await FindAsync(cancellation)).Open;
        _before = await SearchState.CountAllAsync(server, session.Mode == BackupMode.Online ? open : [.. open.Where(IsOfTools)], cancellation);
        var former = _final;
        _taken = await SnapshotAsync(attempt == 1 ? Final : $"{Final}-{attempt}", context, cancellation);
        if (former is not null) await DropAsync(former, context, cancellation); // the one after it has needed its files
        _taken = _taken with { Indices = [.. _taken.Indices.Intersect(_wanted, StringComparer.Ordinal)] };
        _counts = await SearchState.CountAllAsync(server, _taken.Indices, cancellation);
        _refused.Clear();
        _state = await SearchState.ReadAsync(server, _dialect!, _taken.Indices, _counts, _refused.Add, cancellation);
    }

    private async Task DropAsync(Undo former, StepContext context, CancellationToken cancellation)
    {
        await undos.Handlers.First(handler => handler.Kind == former.Kind).UndoAsync(former, cancellation);
        await context.SettleAsync(former, cancellation);
    }

    private async Task<JsonObject> LayoutAsync(CancellationToken cancellation) => await IndexLayout.ReadAsync(server, (await FindAsync(cancellation)).Open, cancellation);

    /// <summary>One index with a block for its metadata, or for reading, keeps the engine from listing or counting any that is asked for with it; it names that index.</summary>
    private async Task<PlatformIndices> FindAsync(CancellationToken cancellation)
    {
        try
        {
            return await PlatformIndices.FindAsync(server, settings.Indices, cancellation);
        }
        catch (ProblemException blocked) when (blocked.Problem.Code == Catalogue.SearchBlocked.Code)
        {
            throw new ProblemException(blocked.Problem with { Hint = $"Lift the block for the backup (PUT INDEX/_settings {{\"index.blocks.NAME\": null}}), or leave the index out: 'capture: [{string.Join(", ", settings.Indices.Append("-INDEX").Select(index => $"\"{index}\""))}]' in the profile." }, blocked);
        }
    }

    /// <summary>
    /// Warns of blocks that were set by an administrator. A block that the engine has set because a disk was full is
    /// left out, and a restore does not set it again.
    /// </summary>
    private void WarnOfBlocks(StepContext context)
    {
        var blocked = (_state![SearchState.Indices] as JsonObject ?? []).SelectMany(index => IndexBlocks.Of(index.Value?["settings"]).Select(block => $"{index.Key} ({block})")).ToList();
        if (blocked.Count > 0) context.Warn(Catalogue.SearchBlocks.With($"Indices of {Name} have blocks, which the recovery point has with them: {Some(blocked)}."));
    }

    private async Task<SnapshotInfo> SnapshotAsync(string name, StepContext context, CancellationToken cancellation)
    {
        var (open, closed, aside, unfit, unreadable) = await FindAsync(cancellation);
        // After a failure the snapshot is deleted by its name, which must not be that of another one.
        if (await _repository.FindAsync(name, cancellation) is not null) throw Catalogue.SearchSnapshot.Throwable($"There is a snapshot {name} in the repository '{settings.Repository}' of {Name} already.");
        var owed = undos.DeleteSnapshot(name);
        if (name != Warming) _final = owed;
        await context.OweAsync(owed, cancellation);
        if (closed.Count > 0 && name == Final) context.Warn(Catalogue.SearchClosed.With($"The engine leaves closed indices out of its snapshots: {string.Join(", ", closed)} of {Name}."));
        if (unreadable.Count > 0 && name == Final) context.Warn(Unreadable(unreadable));
        if (unfit.Count > 0 && name == Final) context.Warn(Catalogue.SearchUnfit.With($"No index of {Name} fits {string.Join(", ", unfit)}, so the recovery point has none of that name."));
        _aside = aside;
        if (aside.Count > 0 && name == Final) context.Note($"What a restore has moved aside is not in the recovery point: {string.Join(", ", aside)}. 'holdfast search drop-old' deletes it when you do not need it any more.");
        var owner = new SnapshotOwner(session.Manifest.RunId, session.Manifest.Platform, Name, _identity, IsPassing: settings.Copies || name == Warming);
        await _repository.BeginAsync(name, _dialect!.SnapshotRequest(await WithStreamsAsync(open, cancellation), owner.ToJson()), cancellation);
        return await _repository.WaitAsync(name, settings.Deadline, context.Counters, cancellation);
    }

    /// <summary>Data streams by their names, instead of the indices that they have.</summary>
    private async Task<IReadOnlyList<string>> WithStreamsAsync(IReadOnlyList<string> open, CancellationToken cancellation)
    {
        _wanted = open;
        _streams = [.. (await DataStreams.FindAsync(server, open, cancellation)).Where(stream => stream.Value.Intersect(open, StringComparer.Ordinal).Any())];
        return [.. open.Except(_streams.SelectMany(stream => stream.Value), StringComparer.Ordinal), .. _streams.Select(stream => stream.Key)];
    }

    private async Task DescribeAsync(StepContext context, CancellationToken cancellation)
    {
        await session.Writer.AddStreamAsync(SearchPath.State(Name), new MemoryStream(Encoding.UTF8.GetBytes(_state!.ToJsonString())), cancellation: cancellation);
        foreach (var (named, path) in files) await AddFileAsync(named, path, context, cancellation);
        session.Manifest.Components.Add(_record!);
    }

    /// <summary>
    /// Adds a file that the profile names: indices are rebuilt by such files, and the profile itself is in the point.
    /// </summary>
    private async Task AddFileAsync(string named, string path, StepContext context, CancellationToken cancellation)
    {
        try
        {
            await session.Writer.AddStreamAsync(SearchPath.Named(Name, named, path), new MemoryStream(await File.ReadAllBytesAsync(path, cancellation)), cancellation: cancellation);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            context.Warn(Catalogue.SearchDefinition.With($"The file '{named}', which the profile names for {Name}, is not in the recovery point: {unreadable.Message.TrimEnd('.')}.") with { Exit = ExitCode.Success });
        }
    }

    /// <summary>
    /// Copies the repository. Its files are never changed, only added and removed: so they deduplicate by whole files,
    /// and unchanged ones are not read. Where the profile does not name the directory, the engine does, and must not
    /// get other files into the recovery point: only a repository is copied.
    /// </summary>
    private async Task CopyAsync(StepContext context, CancellationToken cancellation)
    {
        await RefuseCompanyAsync(cancellation);
        var named = settings.Location ?? await _repository.FindLocationAsync(cancellation)
            ?? throw Catalogue.SearchPath.Throwable($"The snapshot repository '{settings.Repository}' of {Name} is in no directory, so it cannot be copied.", "Set 'copy: false' in the profile: then the point names the snapshot.");
        var location = LocalEntries.Resolve(named);
        if (!Directory.Exists(location))
            throw Catalogue.SearchPath.Throwable($"The directory '{location}' of the snapshot repository of {Name} is not on this machine.", "Mount it here, or set 'copy: false' in the profile: then the point names the snapshot.");
        // Files that the engine's user could have replaced are read with the rights of that user.
        var owner = FileFacts.Of(location).User;
        if (owner == 0 && settings.Location is null && Environment.IsPrivilegedProcess)
            throw Catalogue.SearchPath.Throwable($"The directory '{location}', which {server.Place} names as its snapshot repository '{settings.Repository}', belongs to root, so it is not copied because an engine says so.", "Name it in the profile ('repository: location'), or give it to the engine's user.");
        if (!Directory.EnumerateFiles(location, "index-*").Any() || !File.Exists(Path.Join(location, "index.latest")))
            throw Catalogue.SearchPath.Throwable($"The directory '{location}', which {server.Place} names as its snapshot repository '{settings.Repository}', has no list of snapshots (index-N), so it is not copied.", "See the settings of the repository (GET _snapshot): the directory must be the one that the nodes write, mounted here at the same place.");
        var counters = new ArchiveCounters();
        context.Counters.Refresh = shown => (shown.ItemsDone, shown.BytesDone) = (counters.FilesNew + counters.FilesChanged + counters.FilesUnchanged, counters.BytesRead);
        var lost = new List<string>();
        var foreign = new SortedSet<string>(StringComparer.Ordinal);
        var options = new ArchiveOptions
        {
            Counters = counters,
            OwnedBy = owner == 0 || !Environment.IsPrivilegedProcess ? null : owner,
            Exclude = (path, type) =>
            {
                if (type is not (NodeType.File or NodeType.Directory))
                    lock (foreign) foreign.Add(path);
                return Path.GetFileName(path).StartsWith(SearchRestore.Beside, StringComparison.Ordinal);
            },
            OnWarning = warning => { lock (lost) lost.Add(warning.Message); },
        };
        var isThere = await session.Writer.AddDirectoryAsync(location, SearchPath.Repository(Name), session.Parent, options, cancellation);
        if (!isThere || lost.Count > 0) throw new ProblemException(Catalogue.SearchSnapshot.With($"The snapshot repository in '{location}' could not be copied whole.") with { Details = lost });
        if (foreign.Count > 0)
            context.Warn(Catalogue.SearchDamaged.With($"The snapshot repository in '{location}' has links or special files, which no engine writes; what they lead to is not in the recovery point: {Some([.. foreign])}.", "Look at them, and leave nothing in that directory but what the engine has written."));
        await RefuseCompanyAsync(cancellation);
        if (await _repository.FindAsync(_taken!.Name, cancellation) is not { IsWhole: true }) throw Catalogue.SearchSnapshot.Throwable($"The snapshot {_taken.Name} of {Name} was deleted while it was copied.");
    }

    /// <summary>The new one is the oldest that a later one needs; those of other makers are theirs.</summary>
    private async Task RetireAsync(StepContext context, CancellationToken cancellation)
    {
        // Recovery points refer to the snapshots that were not copied.
        var own = (await _repository.ListAsync(cancellation)).Where(snapshot => snapshot.Owner is { IsPassing: true } owner && owner.IsOf(session.Manifest.Platform, Name)).ToList();
        // Of a staging system with the same profile, or of an earlier cluster: only the administrator can know, and
        // deletes them.
        var foreign = own.RemoveAll(snapshot => snapshot.Owner!.Identity is { Length: > 0 } identity && identity != _identity);
        if (foreign > 0)
            context.Note($"{Quantity.Of(foreign, "older snapshot")} in the repository '{settings.Repository}' by another cluster that is named {Name}, too, left alone.");
        var kept = own.Where(snapshot => snapshot.IsWhole && !snapshot.Name.EndsWith("-warming", StringComparison.Ordinal)).TakeLast(Math.Max(1, settings.Keep)).Select(snapshot => snapshot.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var old in own.Where(snapshot => !snapshot.IsRunning && !kept.Contains(snapshot.Name)))
        {
            await _repository.DeleteAsync(old.Name, cancellation);
            context.Note($"The snapshot {old.Name} of {Name} was deleted in the engine's repository.");
        }
    }
}
