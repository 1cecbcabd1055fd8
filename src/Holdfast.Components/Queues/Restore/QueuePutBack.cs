using System.Runtime.CompilerServices;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Restore;

/// <summary>The treatment of messages that are in a queue when others are put back into it.</summary>
internal enum PutBackMode
{
    /// <summary>They stay, and are taken after those put back, which are older.</summary>
    Add,

    /// <summary>
    /// As <see cref="Add"/>, even when that was done before: messages that were processed since run twice.
    /// </summary>
    AddAgain,

    /// <summary>They are moved aside when they are not the same: the queue becomes what it was.</summary>
    Replace,

    /// <summary>They are deleted when they are not the same, and what was put back already is put back again.</summary>
    Overwrite,
}

/// <summary>The result of putting messages back.</summary>
/// <param name="WasDone">The messages had been put back before, so nothing was done now.</param>
/// <param name="Messages">The number of messages that were put back.</param>
/// <param name="AlreadyThere">The number of messages that were left out because the queue or a worker has them.</param>
/// <param name="MovedAside">The existing lists that were moved aside, and their new keys.</param>
internal sealed record PutBackResult(bool WasDone, long Messages, long AlreadyThere, IReadOnlyList<(string Key, string Aside)> MovedAside);

/// <summary>
/// Puts the messages of one queue back, exactly once: they are staged in lists of Holdfast, and one script renames
/// these to the queue and sets a mark. So an interrupted run can be repeated, and a completed one does nothing. No
/// message is sent, moved or compared in pieces of more than about 1 MiB, unless one message is larger.
/// </summary>
internal sealed class QueuePutBack(RedisConnection redis, QueuesSettings settings, QueueKeys keys, StepCounters counters)
{
    /// <summary>The limits of one batch: messages, and bytes.</summary>
    private const int BatchMessages = 500, BatchBytes = 1 << 20;

    private readonly Dictionary<string, (List<ReadOnlyMemory<byte>> Items, int Bytes)> _batches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _staged = new(StringComparer.Ordinal);

    /// <summary>Messages that are in the queue or with a worker, and how many times.</summary>
    private readonly Dictionary<UInt128, int> _known = [];
    private readonly HashSet<string> _same = new(StringComparer.Ordinal);
    private long _messages;
    private long _alreadyThere;

    /// <param name="head">Of the queue's file.</param>
    /// <param name="messages">In the order of the file; they are read twice where something must be compared.</param>
    /// <param name="mode">What becomes of those that are there.</param>
    /// <param name="run">The run that does it: it is in the mark, and in the names of what is moved aside.</param>
    /// <param name="cancellation">Until the script is called; then it is too late.</param>
    public async Task<PutBackResult> RunAsync(QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, PutBackMode mode, string run, CancellationToken cancellation)
    {
        var mark = keys.Restored(head.Archive, head.Queue);
        if (mode is PutBackMode.Add or PutBackMode.Replace && (await redis.CallAsync(cancellation, "EXISTS", mark)).Integer == 1) return new PutBackResult(true, 0, 0, []);
        var lists = keys.Of(head.Queue);
        foreach (var (_, key) in lists) await redis.CallAsync(cancellation, "UNLINK", keys.Staging(head.Archive, key));
        if (!head.Queue.IsList) await LearnAsync(lists, mode, cancellation);
        if (mode is PutBackMode.Replace or PutBackMode.Overwrite) await CompareAsync(head, messages, cancellation);
        await foreach (var (key, message) in PlaceAsync(head, messages, cancellation))
        {
            _messages++;
            Interlocked.Increment(ref counters.ItemsDone);
            if (!_same.Contains(key)) await StageAsync(keys.Staging(head.Archive, key), message, cancellation);
        }
        foreach (var staging in _batches.Keys.ToList()) await SendAsync(staging, cancellation);
        return await SwitchAsync(head, lists, mark, mode, run, cancellation);
    }

    /// <summary>Makes one list of what was put back and what has come since, where both are; it goes on where a run before it was killed.</summary>
    public static async Task JoinAsync(RedisConnection redis, QueueKeys keys, string archive, IEnumerable<string> lists, CancellationToken cancellation)
    {
        foreach (var key in lists) await RedisScripts.MoveAsync(redis, RedisScripts.Join, [keys.Joining(archive, key), key], cancellation);
    }

    /// <summary>Messages that a worker has are never put back beside it; those in the queue only count when they stay there.</summary>
    private async Task LearnAsync(IReadOnlyList<(int Priority, string Key)> lists, PutBackMode mode, CancellationToken cancellation)
    {
        await foreach (var (_, value) in new UnackedReader(redis, keys, settings).ScanAsync(keys.Unacked, cancellation))
            if (UnackedMessage.Read(value) is { } taken) Learn(taken.Message);
        if (mode is not (PutBackMode.Add or PutBackMode.AddAgain)) return;
        foreach (var (_, key) in lists)
            await foreach (var item in new ListPages(redis, key).ReadAsync(cancellation)) Learn(item);
    }

    private void Learn(ReadOnlyMemory<byte> message)
    {
        var identity = CeleryMessage.IdentityOf(message);
        _known[identity] = _known.GetValueOrDefault(identity) + 1;
    }

    /// <summary>
    /// The messages to put back, with their lists: all but those that exist already. Each existing message excludes one
    /// copy.
    /// </summary>
    private async IAsyncEnumerable<(string Key, ReadOnlyMemory<byte> Message)> PlaceAsync(
        QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var known = new Dictionary<UInt128, int>(_known);
        _alreadyThere = 0;
        await foreach (var archived in messages.WithCancellation(cancellation))
        {
            if (archived.Message is not { } message)
                throw Catalogue.QueueArchive.Throwable($"The archive of {head.Queue.Name} has a message whose bytes are not those of one that a worker had taken.");
            if (known.Count > 0 && CeleryMessage.IdentityOf(message) is var identity && known.GetValueOrDefault(identity) is > 0 and var times)
            {
                known[identity] = times - 1;
                _alreadyThere++;
                continue;
            }
            yield return (KeyOf(head.Queue, archived.Priority), message);
        }
    }

    /// <summary>Finds the lists that are what they are to be; they are left alone.</summary>
    private async Task CompareAsync(QueueFileHead head, IAsyncEnumerable<ArchivedMessage> messages, CancellationToken cancellation)
    {
        using var there = new ListDigests();
        foreach (var (_, key) in keys.Of(head.Queue))
        {
            if ((await redis.CallAsync(cancellation, "TYPE", key)).Text != "list") continue;
            await foreach (var item in new ListPages(redis, key).ReadAsync(cancellation)) there.Add(key, item);
        }
        if (there.IsEmpty) return;
        using var wanted = new ListDigests();
        await foreach (var (key, message) in PlaceAsync(head, messages, cancellation)) wanted.Add(key, message.Span);
        _same.UnionWith(there.SameAs(wanted));
    }

    private async Task StageAsync(string staging, ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var batch = _batches.GetValueOrDefault(staging, ([], 0));
        batch.Items.Add(message);
        _batches[staging] = (batch.Items, batch.Bytes + message.Length);
        if (batch.Items.Count >= BatchMessages || batch.Bytes + message.Length >= BatchBytes) await SendAsync(staging, cancellation);
    }

    private async Task SendAsync(string staging, CancellationToken cancellation)
    {
        var (items, bytes) = _batches[staging];
        _batches.Remove(staging);
        var reply = await redis.CallAsync(cancellation, ["RPUSH", staging, .. items.Select(item => new RedisWord(item))]);
        _staged[staging] = reply.Integer;
        Interlocked.Add(ref counters.BytesDone, bytes);
    }

    private async Task<PutBackResult> SwitchAsync(
        QueueFileHead head, IReadOnlyList<(int Priority, string Key)> lists, string mark, PutBackMode mode, string run, CancellationToken cancellation)
    {
        var script = new List<RedisWord> { "EVAL", RedisScripts.PutBack, 1 + (4 * lists.Count), mark };
        foreach (var (_, key) in lists) script.AddRange([key, keys.Staging(head.Archive, key), keys.Aside(key, run), keys.Joining(head.Archive, key)]);
        script.AddRange([mode switch { PutBackMode.Add => "add", PutBackMode.AddAgain => "again", PutBackMode.Replace => "replace", _ => "overwrite" }, $"put back by {run}"]);
        foreach (var (_, key) in lists) script.AddRange([_staged.GetValueOrDefault(keys.Staging(head.Archive, key)), _same.Contains(key) ? "same" : "other"]);
        var reply = await redis.CallAsync(cancellation, script);
        if (reply.Items.Count == 0 || reply.Items[0].Integer == 0) return new PutBackResult(true, 0, 0, []);
        await JoinAsync(redis, keys, head.Archive, lists.Select(list => list.Key), CancellationToken.None);
        var aside = reply.Items.Skip(1).Select(number => lists[(int)number.Integer - 1].Key).Select(key => (key, keys.Aside(key, run)));
        return new PutBackResult(false, _messages, _alreadyThere, [.. aside]);
    }

    private string KeyOf(QueueName queue, int priority) => queue.IsList ? keys.Plain(queue.Name) : keys.Buckets(queue.Name).First(bucket => bucket.Priority == keys.Step(priority)).Key;
}
