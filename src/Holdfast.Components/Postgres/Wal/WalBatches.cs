using System.Threading.Channels;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// Stores what is pushed, one batch after the other: all that waits is one batch, with what PostgreSQL has ready behind it, so that a server
/// that is ahead is caught up with in a few snapshots instead of one a segment. Whoever pushed is answered when the batch is durable.
/// </summary>
internal sealed class WalBatches(Repository repository, IReadOnlyDictionary<string, WalCatalogue> catalogues, WalServiceOptions options, TimeProvider clock, Action<WalNotice> tell) : IAsyncDisposable
{
    private readonly Channel<WalPush> _queue = Channel.CreateUnbounded<WalPush>(new UnboundedChannelOptions { SingleReader = true });
    private readonly LockLease _lease = new(repository, options.LockWait, options.LongestLock, clock);
    private readonly Dictionary<(string Cluster, string Name), (long, Timestamp?, string)> _stored = [];
    private readonly Lock _gate = new();
    private Problem? _trouble;
    private long _tried = clock.GetTimestamp();

    /// <summary>Why the last batch could not be stored; null when it was.</summary>
    public Problem? Trouble => _trouble;

    /// <summary>Returns null when the file is durable.</summary>
    public async Task<Problem?> PushAsync(WalPush push)
    {
        if (IsStored(push)) return null;
        return _queue.Writer.TryWrite(push) ? await push.Done : Ending;
    }

    /// <summary>Runs until nothing can be pushed any more and all is stored.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var held = new List<WalPush>();
        try
        {
            while (held.Count > 0 || await WaitAsync(cancellation))
            {
                while (_queue.Reader.TryRead(out var more)) held.Add(more);
                // One cluster a batch, and each name once: another file of the same name is compared with the first when that is stored.
                var batch = held.Where(push => push.Cluster == held[0].Cluster).DistinctBy(push => push.File.Name, StringComparer.Ordinal).Take(options.LargestBatch).ToList();
                held.RemoveAll(batch.Contains);
                await StoreAsync(batch, cancellation);
                await ConsolidateUnderLoadAsync(catalogues[batch[0].Cluster], cancellation);
            }
            await _lease.ReleaseAsync();
        }
        finally
        {
            // Whatever ended this: nobody waits for ever for an answer.
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var more)) held.Add(more);
            foreach (var push in held) push.Answer(Ending);
        }
    }

    private static Problem Ending => Catalogue.ServeAway.With("The service is ending.");

    /// <summary>Takes no more pushes.</summary>
    public void End() => _queue.Writer.TryComplete();

    public ValueTask DisposeAsync() => _lease.DisposeAsync();

    /// <summary>Waits for the next push; when none comes for a while it lets go of the lock and makes one of the many small snapshots.</summary>
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

    /// <summary>A server that writes a segment each second never leaves an idle moment. Those who push meanwhile wait a second or two.</summary>
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
            // The index of an opened repository may be behind after a failure, and the lock may be of no use: begin anew.
            await _lease.ReleaseAsync();
            if (cancellation.IsCancellationRequested) throw;
        }
    }

    private async Task<IReadOnlyDictionary<string, Problem>> StoreAsync(WalCatalogue catalogue, List<WalPush> batch, CancellationToken cancellation)
    {
        await catalogue.RefreshAsync(cancellation);
        return await new WalArchive(repository, catalogue).StoreAsync([.. batch.Select(push => push.Source)], cancellation);
    }

    /// <summary>What was asked for, and what the server has ready behind it and will ask for next.</summary>
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
            return null; // it will be asked for by itself, and refused then
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

    /// <summary>Whoever holds a lock just now comes first; it is tried again later.</summary>
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
            // A lock that is held by others or was lost: it is tried again with the next batch.
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
