using System.Security.Cryptography;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Components.Queues.Restore;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Queues;

/// <summary>
/// Moves messages from Redis into the repository: first out of the workers' reach, then copied, committed and read
/// back, and only then deleted. After an interruption at any instant, recovery puts them back into the queues, or they
/// are in an archive that was verified.
/// </summary>
/// <param name="run">Prepared: it has the repository.</param>
/// <param name="platform">The archive is found by it.</param>
/// <param name="components">The brokers.</param>
/// <param name="only">Names of queues and lists; nothing means all of the profile.</param>
public sealed class QueueArchive(RepositoryRun run, string platform, IReadOnlyList<QueuesComponent> components, IReadOnlyList<string> only)
{
    private readonly IReadOnlyList<(Broker Broker, QueueUndos Undos)> _brokers = [.. components.Select(component => (component.Broker, component.Undos))];
    private readonly Dictionary<string, List<QueueTally>> _tallies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<QueueName>> _queues = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Aside> _aside = new(StringComparer.Ordinal);

    /// <summary>The snapshot, once it is committed.</summary>
    public Snapshot? Snapshot { get; private set; }

    /// <summary>The number of messages in the archive.</summary>
    public long Messages => _tallies.Values.Sum(queues => queues.Sum(queue => queue.Messages));

    /// <summary>Fails early for what the steps would meet.</summary>
    public async Task<IReadOnlyList<Step>> PlanAsync(CancellationToken cancellation)
    {
        var steps = new List<Step>();
        foreach (var (broker, undos) in _brokers) steps.Add(await SetAsideStepAsync(broker, undos, cancellation));
        steps.Add(new Step { Name = "Copy the messages", Does = "Copy what was set aside into a new snapshot.", Act = CopyAsync });
        steps.Add(new Step { Name = "Commit the archive", Does = $"Make it durable, as a snapshot with the tags {string.Join(", ", QueueTags.Of(platform))}.", Act = CommitAsync });
        steps.Add(new Step { Name = "Verify the archive", Does = "Read every message back from the repository.", Act = VerifyAsync });
        steps.AddRange(_brokers.Select(item => DeleteStep(item.Broker, item.Undos)));
        return steps;
    }

    /// <summary>The queues of a broker that were set aside.</summary>
    private IReadOnlyList<QueueName> Queues(Broker broker) => _queues[broker.Settings.Name];

    private bool IsChosen(QueueName queue) => only.Count == 0 || only.Contains(queue.Name, StringComparer.Ordinal);

    private async Task<Step> SetAsideStepAsync(Broker broker, QueueUndos undos, CancellationToken cancellation)
    {
        var status = await broker.ReadAsync(cancellation);
        var chosen = status.Queues.Where(queue => IsChosen(queue.Queue)).ToList();
        var orphans = status.HasOrphans ? $" and {status.Unacknowledged} that no worker has any more" : "";
        return new Step
        {
            Name = $"Set aside the messages of {broker.Settings.Name}",
            Does = $"Takes what waits in {Quantity.Of(chosen.Count, "queue")} ({Quantity.Of(chosen.Sum(queue => queue.Messages), "message")} now{orphans}) out of the workers' reach, as a whole.",
            Component = broker.Component,
            Destroys = true,
            Act = (context, token) => SetAsideAsync(broker, undos, context, token),
        };
    }

    /// <summary>
    /// Sets messages aside. Those that a live worker has taken are left to it: it would process them, and the archive
    /// would have them a second time.
    /// </summary>
    private async Task SetAsideAsync(Broker broker, QueueUndos undos, StepContext context, CancellationToken cancellation)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var status = await broker.Reader.ReadAsync(redis, cancellation);
        var queues = _queues[broker.Settings.Name] = [.. status.Queues.Select(queue => queue.Queue).Where(IsChosen)];
        var unacked = new UnackedReader(redis, broker.Keys, broker.Settings);
        var taken = queues.Any(queue => !queue.IsList) ? await unacked.ListAsync(broker.Keys.Unacked, broker.Keys.UnackedIndex, cancellation) : [];
        var orphans = status.Workers.Listening == 0 ? taken.Where(entry => queues.Any(queue => !queue.IsList && queue.Name == entry.Queue)).ToList() : [];
        if (taken.Count > orphans.Count)
            context.Note($"{taken.Count - orphans.Count} messages are with workers of {broker.Settings.Name}, and stay there.");
        await context.OweAsync(undos.TakeBack(run.Id, queues), cancellation);
        var lists = queues.SelectMany(broker.Keys.Of).Select(list => list.Key).ToList();
        var script = new List<RedisWord> { "EVAL", RedisScripts.SetAside, 2 * lists.Count };
        foreach (var list in lists) script.AddRange([list, broker.Keys.Archived(run.Id, list)]);
        var count = (await redis.CallAsync(cancellation, script)).Integer;
        foreach (var page in UnackedReader.Pages(orphans))
            count += (await redis.CallAsync(cancellation, ["EVAL", RedisScripts.SetTakenAside, 4, .. QueueUndos.Unacked(broker.Keys, run.Id), .. page.Select(orphan => (RedisWord)orphan.Tag)])).Integer;
        _aside[broker.Settings.Name] = new Aside(count, orphans.ToDictionary(orphan => Convert.ToHexString(orphan.Tag), orphan => orphan.Queue, StringComparer.Ordinal));
    }

    private async Task CopyAsync(StepContext context, CancellationToken cancellation)
    {
        var writer = new QueueWriter(await run.BeginSnapshotAsync(cancellation), context.Counters);
        foreach (var (broker, _) in _brokers)
        {
            await using var redis = await broker.Connector.OpenAsync(cancellation);
            var (hash, index) = (broker.Keys.Archived(run.Id, broker.Keys.Unacked), broker.Keys.Archived(run.Id, broker.Keys.UnackedIndex));
            var unacked = new UnackedReader(redis, broker.Keys, broker.Settings);
            var aside = _aside[broker.Settings.Name];
            var taken = (await unacked.ListAsync(hash, index, cancellation)).Select(aside.Place).ToList();
            var source = new QueueSource(redis, unacked, hash);
            var tallies = _tallies[broker.Settings.Name] = [];
            foreach (var queue in Queues(broker))
            {
                var lists = broker.Keys.Of(queue).Select(list => (list.Priority, broker.Keys.Archived(run.Id, list.Key))).ToList();
                var mine = queue.IsList ? [] : taken.Where(entry => entry.Queue == queue.Name).ToList();
                tallies.Add(await writer.WriteAsync(new QueueFileHead(run.Id, broker.Settings.Name, queue), source.ReadAsync(lists, mine, cancellation), cancellation));
            }
            await CheckCountAsync(redis, broker, taken.Count, cancellation);
        }
    }

    /// <summary>Redis counts too: what is in the files is all that was set aside, and all that will be deleted.</summary>
    private async Task CheckCountAsync(RedisConnection redis, Broker broker, int taken, CancellationToken cancellation)
    {
        var (copied, aside, there) = (_tallies[broker.Settings.Name].Sum(tally => tally.Messages), _aside[broker.Settings.Name].Count, (long)taken);
        foreach (var (_, key) in Queues(broker).SelectMany(broker.Keys.Of)) there += (await redis.CallAsync(cancellation, "LLEN", broker.Keys.Archived(run.Id, key))).Integer;
        if (copied != aside || copied != there)
            throw Catalogue.QueueArchive.Throwable($"{copied} messages of {broker.Settings.Name} were copied; {aside} had been set aside, and {there} are there.", "Nothing was deleted. Find out who else changes keys that begin with 'holdfast:'.");
    }

    private async Task CommitAsync(StepContext context, CancellationToken cancellation)
    {
        var paths = _brokers.Select(item => QueuePath.Broker(item.Broker.Settings.Name)).ToList();
        Snapshot = await run.CommitSnapshotAsync(paths, QueueTags.Of(platform), cancellation);
        context.Note($"The archive is {Snapshot.Id}.");
    }

    private async Task VerifyAsync(StepContext context, CancellationToken cancellation)
    {
        var snapshot = await run.Repository.FindSnapshotAsync(Snapshot!.Id.ToString(), cancellation);
        foreach (var tally in _tallies.Values.SelectMany(queues => queues))
        {
            var node = await run.Repository.FindNodeAsync(snapshot, tally.File, cancellation);
            var isGood = node is not null && CryptographicOperations.FixedTimeEquals(await new QueueFile(run.Repository, tally.File, node).HashAsync(cancellation), tally.Digest);
            if (!isGood) throw Catalogue.QueueArchive.Throwable($"'{tally.File}' of archive {snapshot.Id.ToShortString()} is not what was written.", "Nothing was deleted; run 'holdfast repo check --read-data' and look at the disk.");
            Interlocked.Add(ref context.Counters.BytesDone, tally.Bytes);
            Interlocked.Add(ref context.Counters.ItemsDone, tally.Messages);
        }
    }

    private Step DeleteStep(Broker broker, QueueUndos undos) => new()
    {
        Name = $"Delete the archived messages of {broker.Settings.Name}",
        Does = "Deletes from Redis what is safe in the archive.",
        Component = broker.Component,
        Destroys = true,
        Act = async (context, cancellation) =>
        {
            // From here on the archive is only completed: verified messages are deleted, and never put back as well.
            var (delete, takeBack) = (undos.DeleteArchived(run.Id, Queues(broker)), undos.TakeBack(run.Id, Queues(broker)));
            await context.OweAsync(delete, cancellation);
            await context.SettleAsync(takeBack, cancellation);
            await undos.Handlers.Single(handler => handler.Kind == delete.Kind).UndoAsync(delete, cancellation);
            await context.SettleAsync(delete, cancellation);
        },
    };

    /// <summary>
    /// The messages that were set aside from a broker. The bindings that determined their queues may have changed
    /// since.
    /// </summary>
    /// <param name="Count">The number of messages, from lists and from workers that have ended.</param>
    /// <param name="Queues">The queues of unacknowledged messages, by delivery tag.</param>
    private sealed record Aside(long Count, IReadOnlyDictionary<string, string?> Queues)
    {
        public UnackedEntry Place(UnackedEntry entry) => entry with { Queue = Queues.GetValueOrDefault(Convert.ToHexString(entry.Tag)) };
    }
}
