using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Restores regular files in batches: identical files are kept, and for all others each part of each pack is read once
/// for the whole batch. The size of a batch is limited, which bounds memory for snapshots of any size.
/// </summary>
internal sealed class FileRestorer(RestoreContext context)
{
    private const int MostFiles = 10_000, MostBlobs = 100_000;

    private readonly FileBuilder _builder = new(context);
    private readonly FileComparer _comparer = new(context);
    private readonly Dictionary<(ulong Inode, ulong Device), FileJob> _firstLinks = [];
    private readonly List<(FileJob First, FileJob Link)> _links = [];
    private List<FileJob> _batch = [];
    private long _blobs;

    /// <summary>Adds a file to the batch. Nothing is done before the batch runs.</summary>
    public void Add(Node node, RestoreFolder folder, FileStatus? standing)
    {
        var job = new FileJob(node, folder, standing);
        if (IsFurtherLink(job)) return;
        _batch.Add(job);
        _blobs += node.Content?.Count ?? 0;
        Interlocked.Add(ref context.Tally.Counters.BytesTotal, (long)node.Size);
    }

    public bool IsBatchFull => _batch.Count >= MostFiles || _blobs >= MostBlobs;

    /// <summary>Restores the files of the batch. On failure and cancellation no temporary file remains.</summary>
    public async Task RunBatchAsync(CancellationToken cancellation)
    {
        var batch = _batch;
        (_batch, _blobs) = ([], 0);
        try
        {
            await RestoreAsync(await FindMissingAsync(batch, cancellation), cancellation);
        }
        finally
        {
            foreach (var job in batch.Where(job => job.Temporary is not null))
                TargetFailure.Try(() => _builder.Abandon(job)); // a directory that cannot be reached prevents the removal, too
        }
    }

    /// <summary>Creates the hard links to files that were restored or kept.</summary>
    public void MakeLinks()
    {
        foreach (var (first, link) in _links)
            HardLink.Restore(context, first, link);
    }

    // Hard links of one file have the same inode on the same device; if their content differs, they are different
    // files.
    private bool IsFurtherLink(FileJob job)
    {
        if (job.Node.Links < 2) return false;
        if (_firstLinks.TryAdd((job.Node.Inode, job.Node.DeviceId), job)) return false;
        var first = _firstLinks[(job.Node.Inode, job.Node.DeviceId)];
        if (!(first.Node.Content ?? []).SequenceEqual(job.Node.Content ?? [])) return false;
        _links.Add((first, job));
        return true;
    }

    private async Task<IEnumerable<FileJob>> FindMissingAsync(List<FileJob> batch, CancellationToken cancellation)
    {
        var standing = batch.Where(job => job.Standing is not null).ToList();
        if (standing.Count == 0) return batch;
        var kept = new HashSet<FileJob>();
        await Parallel.ForEachAsync(standing, Parallelism(context.Repository.Options.Workers, cancellation), (job, token) =>
        {
            if (!_comparer.Keep(job, token)) return ValueTask.CompletedTask;
            lock (kept) kept.Add(job);
            return ValueTask.CompletedTask;
        });
        return batch.Where(job => !kept.Contains(job));
    }

    private async Task RestoreAsync(IEnumerable<FileJob> jobs, CancellationToken cancellation)
    {
        if (context.Options.DryRun)
        {
            foreach (var job in jobs)
                context.Tally.Add(Predict(job));
            return;
        }
        var plan = new PackPlan(context, _builder);
        foreach (var job in jobs)
        {
            cancellation.ThrowIfCancellationRequested();
            plan.Add(job);
        }
        using var loader = new RangeLoader(context, _builder);
        await Parallel.ForEachAsync(plan.Ranges(), Parallelism(loader.Workers, cancellation), loader.LoadAsync);
    }

    private RestoredNode Predict(FileJob job)
    {
        var aside = job.Predict(context);
        return new RestoredNode(job.Path, NodeType.File, aside is null ? RestoreOutcome.Restored : RestoreOutcome.MovedAside, aside);
    }

    private static ParallelOptions Parallelism(int workers, CancellationToken cancellation) => new() { MaxDegreeOfParallelism = workers, CancellationToken = cancellation };
}
