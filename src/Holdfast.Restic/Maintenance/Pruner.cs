using Holdfast.Restic.Backends;
using Holdfast.Restic.Indexing;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Frees the space of what no snapshot needs any more. Other processes create snapshots and restore meanwhile, except
/// at the moment in which the index is rewritten: what they have added by then is taken into account. See
/// docs/decisions/0051-prune.md.
/// </summary>
internal sealed class Pruner(Repository repository, PruneOptions options)
{
    private readonly HashSet<Id> _walked = [];

    /// <exception cref="ResticException">
    /// Damaged: something that a snapshot needs is missing, so nothing is removed. Locked: other processes did not
    /// release their locks in time, or have changed the index; what was written by then is removed by the next prune.
    /// LockLost: the prune lost its lock, so it ended.
    /// </exception>
    public async Task<PruneReport> RunAsync(CancellationToken cancellation)
    {
        Survey survey;
        await using (var held = await repository.LockAsync(LockKind.Shared, options.Wait, cancellation))
        {
            survey = await held.KeepForAsync(SurveyAsync, cancellation);
        }
        var (report, plan) = (survey.Report, survey.Plan);
        if (options.PlanOnly || report.PacksRemoved + report.PacksRepacked + plan.Unused.Count == 0) return report;
        await using var alone = await repository.LockAsync(LockKind.Exclusive, options.Wait, cancellation);
        return await alone.KeepForAsync(token => RemoveAsync(survey, alone, token), cancellation);
    }

    /// <summary>Determines what is needed, makes the plan, and copies the used blobs of partly used packs.</summary>
    private async Task<Survey> SurveyAsync(CancellationToken cancellation)
    {
        await repository.RefreshAsync(cancellation);
        var index = await repository.LoadWholeIndexAsync(cancellation);
        var known = await ListAsync(FileKind.Index, cancellation);
        var used = new UsedBlobs(new CheckedBlobs(repository, index));
        await MarkNewAsync(used, cancellation);
        if (_walked.Count == 0 && index.Count > 0) throw Empty();
        var stored = await PacksAsync(cancellation);
        var plan = new PrunePlan(index, used, stored, options);
        var report = Planned(plan, stored, index);
        if (!options.PlanOnly) report = report with { BytesWritten = await RepackAsync(plan, index, known, cancellation) };
        return new Survey(report, plan, index, used, known);
    }

    /// <summary>Marks what is needed by snapshots that have not been walked yet.</summary>
    private async Task MarkNewAsync(UsedBlobs used, CancellationToken cancellation)
    {
        var added = (await repository.ListSnapshotsAsync(cancellation)).Where(snapshot => _walked.Add(snapshot.Id));
        await used.AddAsync([.. added.Select(snapshot => snapshot.Tree)], repository.Options.Workers, cancellation);
    }

    private async Task<long> RepackAsync(PrunePlan plan, BlobIndex index, IEnumerable<string> indexes, CancellationToken cancellation)
    {
        options.Counters.PacksTotal = plan.Repacked.Count + plan.Unused.Count;
        foreach (var (id, place) in plan.LastCopies) await VerifyAsync(id, place, cancellation);
        if (plan.Repacked.Count == 0) return 0;
        var blobs = new Dictionary<Id, HashSet<(Id Id, PackedBlob Blob)>>();
        foreach (var name in indexes)
        {
            var packs = await IndexRewriter.ReadAsync(repository, name, cancellation);
            foreach (var pack in packs.Where(pack => plan.Repacked.Contains(pack.Id)))
                (blobs.TryGetValue(pack.Id, out var some) ? some : blobs[pack.Id] = []).UnionWith(pack.Blobs.Where(IsCopied));
        }
        var copied = blobs.ToDictionary(pack => pack.Key, pack => pack.Value.OrderBy(item => item.Blob.Offset).ToList());
        using var rewriter = new PackRewriter(repository, index, options.Counters);
        await rewriter.CopyAsync(copied, cancellation);
        return rewriter.BytesWritten;

        bool IsCopied((Id Id, PackedBlob Blob) item) =>
            plan.IsCopied(index.Find(item.Blob.Type, item.Id), item.Blob, index.Find(item.Id, item.Blob.Type));
    }

    private async Task VerifyAsync(Id id, PackedBlob place, CancellationToken cancellation)
    {
        var message = new byte[place.Length];
        var pack = place.Pack.ToString();
        await repository.Backend.ReadAsync(FileKind.Pack, pack, place.Offset, message, cancellation);
        repository.VerifyBlob(message, id, place, new byte[place.PlainLength]);
    }

    /// <summary>
    /// Replaces the index under an exclusive lock; then removes packs that no index lists under a shared one, so that
    /// no process waits.
    /// </summary>
    private async Task<PruneReport> RemoveAsync(Survey survey, RepositoryLock held, CancellationToken cancellation)
    {
        var (planned, plan, index, used, known) = survey;
        var indexes = await ListAsync(FileKind.Index, cancellation);
        await repository.RefreshAsync(cancellation);
        if (!indexes.IsSupersetOf(known) || await repository.LoadWholeIndexAsync(cancellation) != index) throw Changed();
        await MarkNewAsync(used, cancellation);
        var going = plan.Going;
        var packs = Spare(index, used, going);
        await new IndexRewriter(repository).RunAsync(indexes, going, cancellation);
        await repository.DropIndexAsync();
        var removed = (await PacksAsync(cancellation)).Where(stored => going.Contains(stored.Key) || !packs.Contains(stored.Key)).ToList();
        await held.ShareAsync(cancellation);
        options.Counters.PacksTotal = options.Counters.PacksDone + removed.Count;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = repository.Backend.Concurrency, CancellationToken = cancellation };
        await Parallel.ForEachAsync(removed, parallel, async (pack, token) =>
        {
            await repository.Backend.RemoveAsync(FileKind.Pack, pack.Key.ToString(), token);
            Interlocked.Increment(ref options.Counters.PacksDone);
        });
        return planned with
        {
            Snapshots = _walked.Count, PacksRemoved = removed.Count(pack => !plan.Repacked.Contains(pack.Key)),
            PacksRepacked = removed.Count(pack => plan.Repacked.Contains(pack.Key)), BytesRemoved = removed.Sum(pack => pack.Value),
        };
    }

    /// <summary>
    /// Keeps a pack that has the only copy of a blob that has become used. Returns all packs of the index.
    /// </summary>
    private static HashSet<Id> Spare(BlobIndex index, UsedBlobs used, HashSet<Id> going)
    {
        var packs = new HashSet<Id>();
        foreach (var (number, first, copies) in index.Blobs)
        {
            packs.Add(first.Pack);
            if (copies is not null) packs.UnionWith(copies.Places.Select(place => place.Pack));
            if (used.Has(number) && (copies?.Places ?? [first]).All(place => going.Contains(place.Pack))) going.Remove(first.Pack);
        }
        return packs;
    }

    private PruneReport Planned(PrunePlan plan, Dictionary<Id, long> stored, BlobIndex index)
    {
        var indexed = index.Blobs.SelectMany(blob => blob.Copies?.Places ?? [blob.First]).Select(place => place.Pack).ToHashSet();
        var removed = stored.Where(pack => plan.Unused.Contains(pack.Key) || !indexed.Contains(pack.Key)).ToList();
        return new PruneReport
        {
            Snapshots = _walked.Count, UsedBytes = plan.UsedBytes, UnusedBytes = plan.UnusedBytes, UnusedLeft = plan.UnusedLeft,
            PacksRemoved = removed.Count, PacksRepacked = plan.Repacked.Count, BytesWritten = plan.RepackedUsed,
            BytesRemoved = removed.Sum(pack => pack.Value) + plan.Repacked.Sum(pack => stored[pack]),
        };
    }

    private async Task<Dictionary<Id, long>> PacksAsync(CancellationToken cancellation)
    {
        var packs = new Dictionary<Id, long>();
        await foreach (var stored in repository.Backend.ListAsync(FileKind.Pack, cancellation)) packs[Id.Parse(stored.Name)] = stored.Size;
        return packs;
    }

    private async Task<HashSet<string>> ListAsync(FileKind kind, CancellationToken cancellation)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var stored in repository.Backend.ListAsync(kind, cancellation)) names.Add(stored.Name);
        return names;
    }

    /// <summary>The state that the first step passes on to the others.</summary>
    private sealed record Survey(PruneReport Report, PrunePlan Plan, BlobIndex Index, UsedBlobs Used, HashSet<string> Known);

    private ResticException Empty() => new(
        ResticError.NoSuchName, $"There is no snapshot in {repository.Backend.Location}, so nothing there is needed; nothing was removed.");

    private ResticException Changed() => new(
        ResticError.Locked, $"Another program has rewritten the index of {repository.Backend.Location} meanwhile; nothing was removed.");
}
