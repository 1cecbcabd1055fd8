using System.Threading.Channels;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// Stores pushed files, one batch after the other: all waiting files are one batch, together with the files that
/// PostgreSQL has ready after them, so that a backlog is stored in a few snapshots instead of one for each segment. The
/// caller of a push gets its answer when the batch is durable.
/// </summary>
internal sealed class WalBatches(Repository repository, IReadOnlyDictionary<string, WalCatalogue> catalogues, WalServiceOptions options, TimeProvider clock, Action<WalNotice> tell) : IAsyncDisposable
{
    private readonly Channel<WalPush> _queue = Channel.CreateUnbounded<WalPush>(new UnboundedChannelOptions { SingleReader = true });
    private readonly LockLease _lease = new(repository, options.LockWait, options.LongestLock, clock);
    private readonly Dictionary<(string Cluster, string Name), (long, Timestamp?, string)> _stored = [];
    private readonly Lock _gate = new();
    private Problem? _trouble;
    private long _tried = clock.GetTimestamp();

    /// <summary>The problem that prevented storing the last batch; null when it was stored.</summary>
    public Problem? Trouble => _trouble;

    /// <summary>Queues a file and waits; returns null when the file is durable.</summary>
    public async Task<Problem?> PushAsync(WalPush push)
    {
        if (IsStored(push)) return null;
        return _queue.Writer.TryWrite(push) ? await push.Done : Ending;
    }

    /// <summary>Runs until no more pushes are accepted and all files are stored.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var held = new List<WalPush>();
        try
        {
            while (held.Count > 0 || await WaitAsync(cancellation))
            {
                while (_queue.Reader.TryRead(out var more)) held.Add(more);
                // One cluster in each batch, and each name once: another file of the same name is compared with the
                // first when that is stored.
                var batch = held.Where(push => push.Cluster == held[0].Cluster).DistinctBy(push => push.File.Name, StringComparer.Ordinal).Take(options.LargestBatch).ToList();
                held.RemoveAll(batch.Contains);
                await StoreAsync(batch, cancellation);
                await ConsolidateUnderLoadAsync(catalogues[batch[0].Cluster], cancellation);
            }
            await _lease.ReleaseAsync();
        }
        finally
        {
            // Whatever ended the loop: no caller may wait forever for an answer.
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var more)) held.Add(more);
            foreach (var push in held) push.Answer(Ending);
        }
    }

    private static Problem Ending => Catalogue.ServeAway.With("The service is ending.");

    /// <summary>Stops accepting pushes.</summary>
    public void End() => _queue.Writer.TryComplete();

    public ValueTask DisposeAsync() => _lease.DisposeAsync();

    /// <summary>
    /// Waits for the next push; when none arrives for a while, it releases the lock and combines the small snapshots.
    /// </summary>
    private async Task<bool> WaitAsync(CancellationToken cancellation)
    {
        var waiting = _queue.Reader.WaitToReadAsync(cancellation).AsTask();
        if (_lease.IsHeld && await Task.WhenAny(waiting, Task.Delay(options.Idle, clock, cancellation)) != waiting)
        {
            await _lease.ReleaseAsync();
            foreach (var catalogue in catalogues.Values.Where(catalogue => catalogue.WalSnapshots.Count >= options.Consolidate)) await ConsolidateAsync(catalogue, cancellation);
        }
        return await waiting;
    }

    /// <summary>
    /// Combines snapshots for a server that writes a segment each second, so that there is never an idle moment. Pushes
    /// wait a second or two meanwhile.
    /// </summary>
    private async Task ConsolidateUnderLoadAsync(WalCatalogue catalogue, CancellationToken cancellation)
    {
        if (catalogue.WalSnapshots.Count < 2 * options.Consolidate || clock.GetElapsedTime(_tried) < options.Again) return;
        _tried = clock.GetTimestamp();
        await _lease.ReleaseAsync();
        await ConsolidateAsync(catalogue, cancellation);
    }

    private async Task StoreAsync(List<WalPush> asked, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        var batch = LookAhead(asked);
        try
        {
            var held = await _lease.HoldAsync(cancellation);
            var problems = await held.KeepForAsync(token => StoreAsync(catalogues[asked[0].Cluster], batch, token), cancellation);
            Answer(batch, problems);
            var stored = batch.Count - problems.Count;
            if (stored > 0) Report(new WalNotice(asked[0].Cluster, stored, batch.Select(push => push.File.Name).Where(name => !problems.ContainsKey(name)).Max(StringComparer.Ordinal)!, clock.GetElapsedTime(began)), null);
            foreach (var problem in asked.Select(push => problems.GetValueOrDefault(push.File.Name)).OfType<Problem>()) Report(new WalNotice(asked[0].Cluster, 0, "", default), problem);
        }
        catch (Exception failure)
        {
            var problem = failure.ToProblem();
            foreach (var push in asked) push.Answer(problem);
            Report(new WalNotice(asked[0].Cluster, 0, "", default), problem);
            // After a failure the index of the opened repository may be outdated, and the lock may be lost: start over.
            await _lease.ReleaseAsync();
            if (cancellation.IsCancellationRequested) throw;
        }
    }

    private async Task<IReadOnlyDictionary<string, Problem>> StoreAsync(WalCatalogue catalogue, List<WalPush> batch, CancellationToken cancellation)
    {
        await catalogue.RefreshAsync(cancellation);
        return await new WalArchive(repository, catalogue).StoreAsync([.. batch.Select(push => push.Source)], cancellation);
    }

    /// <summary>Adds to the pushed files those that the server has ready after them and will push next.</summary>
    private List<WalPush> LookAhead(List<WalPush> asked)
    {
        var batch = new List<WalPush>(asked);
        var names = asked.Select(push => push.File.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var push in asked.Where(push => push.Path.Length > 0).Take(1))
            foreach (var path in ReadySegments.After(push.Path, options.LargestBatch - asked.Count))
                if (WalFile.Find(Path.GetFileName(path)) is { } file && names.Add(file.Name) && TryOpen(push, file, path) is { } next && !IsStored(next)) batch.Add(next);
        return batch;
    }

    private static WalPush? TryOpen(WalPush asked, WalFile file, string path)
    {
        try
        {
            return new WalPush(asked.Cluster, file, path, WalSource.Of(file, path, asked.User), asked.User);
        }
        catch (IOException)
        {
            return null; // PostgreSQL pushes it by itself, and gets the error then
        }
    }

    private void Answer(List<WalPush> batch, IReadOnlyDictionary<string, Problem> problems)
    {
        lock (_gate)
        {
            if (_stored.Count > options.Remembered) _stored.Clear();
            foreach (var push in batch.Where(push => !problems.ContainsKey(push.File.Name))) _stored[(push.Cluster, push.File.Name)] = push.Fingerprint;
        }
        foreach (var push in batch) push.Answer(problems.GetValueOrDefault(push.File.Name));
    }

    private bool IsStored(WalPush push)
    {
        lock (_gate) return push.Path.Length > 0 && _stored.TryGetValue((push.Cluster, push.File.Name), out var known) && known == push.Fingerprint;
    }

    /// <summary>Combines snapshots; when another process holds a lock, that is left for a later call.</summary>
    private async Task ConsolidateAsync(WalCatalogue catalogue, CancellationToken cancellation)
    {
        try
        {
            await using var alone = await repository.LockAsync(Restic.Maintenance.LockKind.Exclusive, TimeSpan.Zero, cancellation);
            await alone.KeepForAsync(token => ConsolidateAloneAsync(catalogue, token), cancellation);
        }
        catch (ProblemException problem)
        {
            Report(new WalNotice(catalogue.Cluster, 0, "", default), problem.Problem);
        }
        catch (ResticException failure)
        {
            // A lock that another process holds or that was lost: the next batch tries again.
            if (failure.Error is not (ResticError.Locked or ResticError.LockLost)) Report(new WalNotice(catalogue.Cluster, 0, "", default), failure.ToProblem());
        }
    }

    private async Task<bool> ConsolidateAloneAsync(WalCatalogue catalogue, CancellationToken cancellation)
    {
        await repository.RefreshAsync(cancellation);
        await catalogue.RefreshAsync(cancellation);
        await new WalArchive(repository, catalogue).ConsolidateAsync(cancellation);
        return true;
    }

    private void Report(WalNotice notice, Problem? problem)
    {
        _trouble = problem;
        tell(notice with { Problem = problem });
    }
}
