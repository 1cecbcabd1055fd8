using System.IO.Enumeration;
using System.Text.Json.Nodes;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.MoveAside;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Restoring;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>
/// The steps that restore the indices of a recovery point: the engine's snapshot is copied to where the engine can read
/// it, existing indices are moved aside, the engine restores, and the documents of every index are counted.
/// </summary>
internal sealed class SearchRestore(SearchSettings settings, SearchServer server, SearchUndos undos, RestoreSession session, TimeProvider clock)
{
    /// <summary>The prefix of directories in the engine's repository that exist only to be restored from.</summary>
    public const string Beside = "holdfast-restore";

    private readonly IndexMoveAside _shelf = new(server, clock);

    private SnapshotRepository? _source;
    private Undo? _takeAway;

    /// <summary>
    /// Moved-aside indices with their undos, pending until every index is counted and the aliases point to it: after a
    /// restore that fails, indices that existed before are unchanged.
    /// </summary>
    private readonly List<(MovedAsideIndex Index, Undo Owed)> _moved = [];
    private JsonObject _state = [];

    /// <summary>
    /// The objects of the point that the profile does not select; null where no confirmation is needed.
    /// </summary>
    private UnselectedIndices? _unselected;

    /// <summary>Templates and pipelines that the cluster lacks.</summary>
    private IReadOnlyList<ClusterPart> _parts = [];

    /// <summary>The templates and pipelines that cannot be requested one by one.</summary>
    private IReadOnlyList<ClusterPart> _unnamed = [];
    private ServerDialect? _dialect;

    /// <summary>Settings of indices that keep their shards from every node there is.</summary>
    private IReadOnlyList<(string Index, string Setting)> _unmet = [];

    private string Name => settings.Name;

    /// <exception cref="ProblemException">The engine cannot read the snapshot, or an existing index prevents the
    /// restore.</exception>
    public async Task<IReadOnlyList<Step>> PlanAsync(CancellationToken cancellation)
    {
        if (session.Target is not null && session.PartsOf($"search/{Name}") is not null)
            throw Catalogue.ComponentUnknown.Throwable($"Below a directory the snapshot of {Name} is written whole, for its files belong to all of its indices.", $"Say '--only search/{Name}', or restore single indices into the engine (--rename-indices gives them other names).");
        if (session.Target is { } target) return [FilesStep(target)];
        var record = SearchRecord.Read(session.Manifest.Components.First(component => component.Name == $"search/{Name}").Details);
        var dialect = await ServerDialect.AskAsync(server, cancellation);
        if (dialect.WhyNot(record.Source) is { } why)
            throw Catalogue.SearchVersion.Throwable($"The snapshot of {Name} was taken by {record.Source.Name}: {why}.", VersionHint());
        var choice = RestoreChoice.Of(record, Name, session);
        if (choice.Indices.Count == 0) throw Catalogue.SearchIndex.Throwable($"The point holds no index of {Name} that was asked for. It holds {string.Join(", ", record.Indices)}.");
        _state = await ReadStateAsync(cancellation);
        choice = await ConfineAsync(choice, record, cancellation);
        var chosen = choice.Indices;
        if (chosen.Count == 0) return [LeaveOutStep];
        var there = await ExistingIndices.FindAsync(server, [.. chosen.Select(NameOf)], cancellation);
        if (session.Indices.Rename is null) await choice.RefuseStreamsAsync(server, Name, cancellation);
        else RefuseRenaming(choice, there);
        var aliases = new IndexAliases(server, _state, session.Indices.WithoutAliases ? [] : chosen);
        var changes = await aliases.RefuseOthersAsync(session.Overwrite, cancellation);
        there.RefuseUnmovable(Name, session.Overwrite);
        there.RefuseLongNames(Name, session.AsideSuffix);
        _dialect = dialect;
        var filters = await AllocationFilters.AskAsync(server, cancellation);
        if (filters is not null) await ShardRoom.RefuseAsync(server, Name, filters.DataNodes, [.. there.Movable], chosen.Select(SettingsOf), cancellation);
        _unmet = [.. from index in chosen from setting in filters?.Unmet(SettingsOf(index)) ?? [] select (index, setting)];
        return Steps(record, choice, there, aliases, string.Concat(changes.Select(change => $" {change}")));
    }

    /// <summary>Finds the templates and pipelines that are missing, and takes out of everything what may not be restored.</summary>
    private async Task<RestoreChoice> ConfineAsync(RestoreChoice choice, SearchRecord record, CancellationToken cancellation)
    {
        var holders = session.IsConfined ? await IndexAliases.HoldersAsync(server, cancellation) : [];
        if (session.IsConfined)
        {
            var indices = _state[SearchState.Indices] as JsonObject ?? [];
            var aliases = choice.Indices.SelectMany(index => (indices[index]?["aliases"] as JsonObject ?? []).Select(alias => alias.Key)).ToHashSet(StringComparer.Ordinal);
            var named = choice.Indices.Concat(holders.Where(holder => holder.Aliases.Any(alias => aliases.Contains(alias.Key))).Select(holder => holder.Index));
            _unselected = new UnselectedIndices(Name, session, await IndexSelection.FindAsync(settings, server, named, record, indices, cancellation));
            choice = _unselected.Confine(choice, record, _state, holders);
        }
        if (session.Indices.Rename is null)
        {
            var missing = await ClusterPart.FindMissingAsync(server, Wanted(choice), cancellation);
            (_parts, _unnamed) = ([.. missing.Where(part => part.IsPlain)], [.. missing.Where(part => !part.IsPlain)]);
            if (_unselected is not null) _parts = _unselected.Confine(_parts, choice.Indices.Select(SettingsOf));
        }
        _unselected?.Ask();
        return choice;
    }

    /// <summary>All that the point has; of single indices what applies to them.</summary>
    private IReadOnlyList<ClusterPart> Wanted(RestoreChoice choice)
    {
        var all = ClusterPart.Of(_state);
        if (!session.IsLimited($"search/{Name}")) return all;
        var names = choice.Indices.Concat(choice.Streams).ToList();
        var needed = ClusterPart.Needed(all, part => part.Patterns.Any(pattern => names.Exists(index => FileSystemName.MatchesSimpleExpression(pattern, index, ignoreCase: false))), choice.Indices.Select(SettingsOf));
        return [.. all.Where(needed.Contains)];
    }

    /// <summary>
    /// Names the aliases that the profile can rebuild from its databases; where there are none, a rebuild is not
    /// offered.
    /// </summary>
    private string VersionHint()
    {
        var built = settings.Made is { } made ? made.Keys.Where(alias => made[alias].Has("source")).ToList() : [];
        return built.Count > 0
            ? $"Restore into a version that can read it; or leave the indices out (--exclude, --only) and build from the database what the profile describes: 'holdfast search reindex {string.Join(' ', built)}'."
            : "Restore into a version that can read it: the profile describes no index that could be built from a database.";
    }

    private JsonObject SettingsOf(string index) => _state[SearchState.Indices]?[index]?["settings"] as JsonObject ?? [];

    private List<Step> Steps(SearchRecord record, RestoreChoice choice, ExistingIndices there, IndexAliases aliases, string takes)
    {
        var chosen = choice.Indices;
        List<Step> steps = [Step($"Bring the snapshot to {Name}", $"Lets the engine read the snapshot {record.Snapshot}: from its own repository, if it is still there, or from the copy in the point.", (context, stop) => BringAsync(record, choice, context, stop))];
        if (there.All.Count > 0) steps.Add(Step($"Make room in {Name}", MakingRoom(there), (context, stop) => MakeRoomAsync(chosen, context, stop)) with { Destroys = true });
        steps.Add(Step($"Restore {Quantity.Indices(chosen.Count)} of {Name}", $"{string.Join(", ", choice.Asked.Select(NameOf))}{(session.Indices.WithoutAliases ? ", without aliases" : "")}; waits until each shard is there.{Dropping()}{Leaving(choice)}{_unselected?.Sentence}", (context, stop) => RestoreAsync(record, choice, context, stop)));
        steps.Add(Step($"Count the documents of {Name}", "Compares the number of documents of each index with that at the snapshot.", (context, stop) => CountAsync(record, chosen, context, stop)));
        if (session.Indices.Rename is null) steps.Add(Step($"Put back the aliases and templates of {Name}", $"{Creating()}{takes}", (context, stop) => LeadAsync(aliases, chosen, context, stop)));
        steps.Add(Step($"Take the snapshot away from {Name}", "Removes what was put there to be restored from.", TakeAwayAsync));
        if (session.Overwrite && there.Movable.Any()) steps.Add(Step($"Delete what was replaced in {Name}", "Deletes what was moved aside.", DropAsync) with { Destroys = true });
        return steps;
    }

    private string Dropping() => _unmet.Count == 0 ? "" : $" Leaves out settings that no node meets: {string.Join(", ", _unmet.Select(unmet => $"{unmet.Setting} of {NameOf(unmet.Index)}"))}.";

    private static string Leaving(RestoreChoice choice) =>
        (choice.Kept.Count == 0 ? "" : $" Leaves out what belongs to the engine itself, its users among it: {string.Join(", ", choice.Kept)}.")
        + (choice.Unfit.Count == 0 ? "" : $" The point has no index that fits {string.Join(", ", choice.Unfit)}.");

    private string Creating()
    {
        var parts = _parts.Count == 0 ? "No template and no pipeline is missing" : $"Creates what is missing: {string.Join(", ", _parts.Select(part => part.Title))}";
        if (_unnamed.Count > 0) parts += $". Leaves out what has a name that means others: {Titles(_unnamed)}";
        return $"{parts}{(session.Indices.WithoutAliases ? "" : "; all aliases in one change")}.";
    }

    private static string Titles(IEnumerable<ClusterPart> parts) => Quantity.List(parts.Select(part => Excerpt.Of(part.Title, 100)), 10);

    private Step LeaveOutStep => Step($"Restore nothing of {Name}", _unselected!.Sentence.Trim(), (context, _) =>
    {
        if (_unselected.Warning is { } left) context.Warn(left);
        return Task.CompletedTask;
    });

    private string MakingRoom(ExistingIndices there)
    {
        var movable = there.Movable.ToList();
        var moves = movable.Count == 0 ? "" : $"Moves aside {Quantity.Indices(movable.Count)}: {string.Join(", ", movable)}.{(session.Overwrite ? " What is moved aside is deleted once what takes its place is whole." : "")}";
        var deletes = there.Unmovable.Count == 0 ? "" : $"Deletes what is closed or has lost shards, which cannot be moved aside: {string.Join(", ", there.Unmovable)}.";
        return $"{moves} {deletes}".Trim();
    }

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"search/{Name}", Act = act };

    /// <summary>Without an engine: the repository, to be registered anywhere.</summary>
    private Step FilesStep(string target) => Step(
        $"Restore the snapshots of {Name} below {target}", $"Writes the engine's repository and its description into {target}{SearchPath.Cluster(Name)}.",
        (context, stop) => session.WriteFolderAsync(SearchPath.Cluster(Name), [], context, stop)) with { Remains = RestoreSession.WrittenFilesRemain };

    /// <summary>The name that an index of the point gets.</summary>
    private string NameOf(string index) => session.Indices.NameOf(index);

    /// <summary>
    /// Refuses new names that exist already: an index that is restored under another name replaces none.
    /// </summary>
    private void RefuseRenaming(RestoreChoice choice, ExistingIndices there)
    {
        if (choice.Streams.Count > 0)
            throw Catalogue.SearchRestore.Throwable($"Data streams cannot be restored under other names: {string.Join(", ", choice.Streams)} of {Name}.", "Leave them out with --exclude.");
        if (there.All.Count > 0)
            throw Catalogue.TargetNotEmpty.Throwable($"{Name} has {(there.All.Count == 1 ? "an index" : "indices")} {string.Join(", ", there.All)} already, so nothing can be restored under that name.", "Give another --rename-indices, or delete what an earlier restore has left.");
    }

    private async Task<JsonObject> ReadStateAsync(CancellationToken cancellation)
    {
        var node = await session.Repository.FindNodeAsync(session.Point, SearchPath.State(Name), cancellation)
            ?? throw Catalogue.SearchRestore.Throwable($"The point has no {SearchPath.State(Name)}.");
        await using var content = session.Repository.OpenFile(node);
        return await SearchState.ReadBackAsync(content, cancellation);
    }

    private async Task BringAsync(SearchRecord record, RestoreChoice choice, StepContext context, CancellationToken cancellation)
    {
        var own = new SnapshotRepository(server, record.Repository, clock);
        if (await FindKeptAsync(own, record, context, cancellation) is { IsWhole: true } kept && kept.Owner?.Run == session.Manifest.RunId)
        {
            choice.RefuseHiddenStreams(kept);
            _source = own;
            context.Note($"The engine still has the snapshot {record.Snapshot} in its repository '{record.Repository}'.");
            return;
        }
        if (!record.IsCopied) throw Catalogue.SearchRestore.Throwable($"The point only names the snapshot {record.Snapshot}, and {server.Place} does not have it in a repository '{record.Repository}'.", $"Register that repository with the engine under the name '{record.Repository}', then restore again.");
        var root = settings.Location ?? await own.FindLocationAsync(cancellation)
            ?? throw Catalogue.SearchPath.Throwable($"The profile names no directory for the snapshots of {Name}, so the copy in the point cannot be shown to the engine.", "Set 'repository: location' in the profile to a directory below the engine's path.repo.");
        if (!Directory.Exists(root)) throw Catalogue.SearchPath.Throwable($"The directory '{root}', which the engine reads snapshots from, is not on this machine.");
        var directory = Path.Combine(root, $"{Beside}-{context.RunId.ToLowerInvariant()}");
        var copy = new SnapshotRepository(server, Path.GetFileName(directory), clock);
        await CopyAsync(root, directory, copy.Name, context, cancellation);
        await copy.RegisterAsync(directory, isReadOnly: true, cancellation);
        if (await copy.FindAsync(record.Snapshot, cancellation) is not { IsWhole: true } found)
            throw Catalogue.SearchRestore.Throwable($"{server.Place} does not find the snapshot {record.Snapshot} in the copy of the point.");
        choice.RefuseHiddenStreams(found);
        _source = copy;
    }

    /// <summary>
    /// The snapshot in the engine's own repository. A snapshot that cannot be read is not needed where the point has a
    /// copy.
    /// </summary>
    private static async Task<SnapshotInfo?> FindKeptAsync(SnapshotRepository own, SearchRecord record, StepContext context, CancellationToken cancellation)
    {
        try
        {
            return await own.IsRegisteredAsync(cancellation) ? await own.FindAsync(record.Snapshot, cancellation) : null;
        }
        catch (ProblemException unreadable) when (record.IsCopied && (unreadable.Problem.Code == Catalogue.SearchSnapshot.Code || unreadable.Problem.Code == Catalogue.SearchRefused.Code))
        {
            context.Note($"{unreadable.Problem.Message} The copy in the point is used.");
            return null;
        }
    }

    /// <summary>
    /// Writes the copy of the point into a new directory that only root can enter until it is complete. The parent
    /// directory belongs to the engine's user, who could replace it, so files are written by its descriptor. The copy
    /// belongs to the engine's user, whose UID may be another one than on the source machine.
    /// </summary>
    private async Task CopyAsync(string root, string directory, string repository, StepContext context, CancellationToken cancellation)
    {
        var unmade = undos.TakeAway(repository, directory);
        await context.OweAsync(unmade, cancellation);
        using var tree = PrivateTree.Make(directory, Catalogue.SearchRestore);
        _takeAway = undos.TakeAway(repository, directory, FileFacts.Of(tree.Handle));
        await context.OweAsync(_takeAway, cancellation);
        await context.SettleAsync(unmade, cancellation);
        var owner = ActingUser.OwnerOf(root + "/."); // through a link of root's
        var options = session.Options with { Into = tree.Handle, Owner = Environment.IsPrivilegedProcess ? owner : null, PlainModes = true };
        await RestoreFilesAsync(SearchPath.Repository(Name), directory, options, context, cancellation);
        tree.Check();
        tree.Give(owner);
    }

    private async Task RestoreFilesAsync(string from, string to, RestoreOptions options, StepContext context, CancellationToken cancellation)
    {
        context.Counters.Follow(options.Counters);
        var report = await session.Repository.RestoreAsync(session.Point, from, to, options, cancellation);
        if (report.Failures.Count > 0)
            throw new ProblemException(Catalogue.SearchRestore.With($"{report.Failures.Count} files of the snapshot of {Name} could not be restored.") with { Details = [.. report.Failures.Select(failure => $"{failure.Path}: {failure.Error}")] });
    }

    private async Task MakeRoomAsync(IReadOnlyList<string> chosen, StepContext context, CancellationToken cancellation)
    {
        var there = await ExistingIndices.FindAsync(server, chosen, cancellation);
        there.RefuseUnmovable(Name, session.Overwrite);
        foreach (var index in there.Movable)
        {
            var moved = await _shelf.LookAsync(index, (index + session.AsideSuffix).ToLowerInvariant(), CreatedOf(index), cancellation);
            _moved.Add((moved, undos.MoveBack(moved)));
            await context.OweAsync(_moved[^1].Owed, cancellation);
            await _shelf.MoveAsync(moved, cancellation);
            context.Note($"The index {index} is now {moved.Aside}.");
        }
        foreach (var names in SearchServer.Parts(there.Unmovable)) await server.DeleteAsync($"/{names}?ignore_unavailable=true&expand_wildcards=all", cancellation);
        foreach (var index in there.Unmovable) context.Note($"The index {index}, which was closed or had lost shards, was deleted.");
    }

    private string? CreatedOf(string index) => (string?)_state[SearchState.Indices]?[index]?["settings"]?["index.creation_date"];

    /// <summary>
    /// Restores the indices without their aliases, which are set afterwards in one change: until then no client sees an
    /// incomplete index.
    /// </summary>
    private async Task RestoreAsync(SearchRecord record, RestoreChoice choice, StepContext context, CancellationToken cancellation)
    {
        var request = choice.Request(_dialect!, _unmet.Select(unmet => unmet.Setting).Distinct(StringComparer.Ordinal));
        if (session.Indices.Rename is { } rename) (request["rename_pattern"], request["rename_replacement"]) = ("(.+)", rename.Replace("$", "\\$", StringComparison.Ordinal).Replace("*", "$1", StringComparison.Ordinal));
        IReadOnlyList<string> named = [.. choice.Indices.Select(NameOf)];
        var remove = undos.RemoveLost(named.Zip(choice.Indices.Select(index => CreatedOf(index) ?? "")));
        await context.OweAsync(remove, cancellation);
        await server.PostAsync($"/_snapshot/{SearchServer.Part(_source!.Name)}/{SearchServer.Part(record.Snapshot)}/_restore?wait_for_completion=false", request, cancellation);
        if (_unselected?.Warning is { } left) context.Warn(left);
        // Another component may have what fits.
        if (choice.Unfit.Count > 0) context.Warn(Catalogue.SearchUnfit.With($"The point has no index of {Name} that fits {string.Join(", ", choice.Unfit)}.", "Correct --include; 'holdfast points show' has the names.") with { Exit = ExitCode.Success });
        if (choice.LeftOut.Count > 0) context.Note($"Indices of data streams that the point has without their stream are left out: {string.Join(", ", choice.LeftOut)}. With --include they are restored as plain indices.");
        try
        {
            await new IndexRecovery(server, clock).WaitAsync(named, settings.Deadline, context.Counters, cancellation);
        }
        catch (ProblemException failed) when (failed.Problem.Code == Catalogue.SearchRestore.Code && record.IsCopied && _takeAway is null)
        {
            throw new ProblemException(failed.Problem with
            {
                Hint = $"It was read from the engine's own repository '{_source.Name}', which may be damaged: delete the snapshot there (DELETE _snapshot/{_source.Name}/{record.Snapshot}) and restore again, then the copy in the point is read.",
            }, failed);
        }
        await context.SettleAsync(remove, cancellation);
    }

    /// <summary>The engine says nothing of names that it has passed over, and a policy that does not exist here stops what it manages.</summary>
    private async Task LookAsync(IReadOnlyList<string> chosen, StepContext context, CancellationToken cancellation)
    {
        var there = (await ExistingIndices.FindAsync(server, [.. chosen.Select(NameOf)], cancellation)).All.ToHashSet(StringComparer.Ordinal);
        if (chosen.Select(NameOf).Where(index => !there.Contains(index)).ToList() is { Count: > 0 } lacking)
            throw Catalogue.SearchRestore.Throwable($"The engine has restored all but {string.Join(", ", lacking)} of {Name}.", "See its log; the snapshot may lack them.");
        foreach (var (index, setting) in _unmet) context.Note($"{NameOf(index)} was restored without {setting} ('{SettingsOf(index)[setting]}'), which no node of {Name} meets.");
        foreach (var managed in chosen.GroupBy(index => (string?)(SettingsOf(index)["index.lifecycle.name"] ?? SettingsOf(index)["index.plugins.index_state_management.policy_id"]), StringComparer.Ordinal).Where(policy => policy.Key is { Length: > 0 }))
            context.Note($"The lifecycle policy '{managed.Key}' manages {string.Join(", ", managed.Select(NameOf))}. It is not in the recovery point; where it exists, it may delete what is older than it allows.");
    }

    private async Task CountAsync(SearchRecord record, IReadOnlyList<string> chosen, StepContext context, CancellationToken cancellation)
    {
        await LookAsync(chosen, context, cancellation);
        var differences = new List<string>();
        var counted = chosen.Where(record.Documents.ContainsKey).ToList();
        var counts = await SearchState.CountAllAsync(server, [.. counted.Select(NameOf)], cancellation);
        foreach (var index in counted)
        {
            var count = counts.GetValueOrDefault(NameOf(index));
            if (count != record.Documents[index]) differences.Add($"{NameOf(index)}: {Quantity.Of(count, "document")}, and {record.Documents[index]} at the snapshot");
        }
        if (differences.Count > 0) throw new ProblemException(Catalogue.SearchRestore.With($"{Quantity.Indices(differences.Count)} of {Name} {(differences.Count == 1 ? "does" : "do")} not have the documents that should be there.") with { Details = differences });
        foreach (var index in chosen.Where(index => !record.Documents.ContainsKey(index))) context.Note($"The documents of {index} cannot be compared: somebody wrote to it while the snapshot was taken.");
        if (counted.Count > 0) context.Note($"{Quantity.Indices(counted.Count)} of {Name} {(counted.Count == 1 ? "has" : "have")} {Quantity.Of(counted.Sum(index => record.Documents[index]), "document")}, as at the snapshot.");
    }

    /// <summary>
    /// Sets the aliases. From then on the restore is not undone, because clients of an alias use the restored index.
    /// </summary>
    private async Task LeadAsync(IndexAliases aliases, IReadOnlyList<string> chosen, StepContext context, CancellationToken cancellation)
    {
        var takeOut = await PutPartsAsync(context, cancellation);
        await aliases.PutBackAsync(context, cancellation);
        if (takeOut is not null) await context.SettleAsync(takeOut, cancellation);
        foreach (var (_, owed) in _moved) await context.SettleAsync(owed, cancellation);
        // Blocks come last: with them no alias could be set.
        foreach (var index in chosen)
        {
            var blocks = await IndexBlocks.SetAgainAsync(server, index, SettingsOf(index), cancellation);
            if (blocks.Count > 0) context.Note($"{index} has {string.Join(", ", blocks)} again, as at the snapshot.");
        }
    }

    /// <returns>The undo that is pending from then on; null when nothing was missing.</returns>
    private async Task<Undo?> PutPartsAsync(StepContext context, CancellationToken cancellation)
    {
        if (_unnamed.Count > 0) context.Warn(Catalogue.SearchNames.With($"Not put back into {Name}, because their names mean others: {Titles(_unnamed)}."));
        var missing = await ClusterPart.FindMissingAsync(server, _parts, cancellation);
        if (missing.Count == 0) return null;
        var owed = undos.TakeOut(missing);
        await context.OweAsync(owed, cancellation);
        foreach (var part in missing) await server.PutAsync(part.Place, part.About.DeepClone(), cancellation);
        context.Note($"Put back: {string.Join(", ", missing.Select(part => part.Title))}.");
        return owed;
    }

    private async Task DropAsync(StepContext context, CancellationToken cancellation)
    {
        foreach (var names in SearchServer.Parts(_moved.Select(moved => moved.Index.Aside))) await server.DeleteAsync($"/{names}?ignore_unavailable=true&expand_wildcards=all", cancellation);
        foreach (var (moved, _) in _moved) context.Note($"{moved.Aside} was deleted.");
    }

    private async Task TakeAwayAsync(StepContext context, CancellationToken cancellation)
    {
        if (_takeAway is null) return;
        await undos.Handlers.First(handler => handler.Kind == _takeAway.Kind).UndoAsync(_takeAway, cancellation);
        await context.SettleAsync(_takeAway, cancellation);
    }
}
