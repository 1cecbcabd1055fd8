using System.Text.Json.Nodes;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Queues.Capture;

/// <summary>The steps that put the messages of a broker into a recovery point. Nothing is taken out of Redis: the platform goes on with it.</summary>
internal sealed class QueueCapture(Broker broker, CaptureSession session)
{
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(5), _look = TimeSpan.FromMilliseconds(100);

    private readonly List<(string What, string Why)> _omitted = [];

    private string Name => broker.Settings.Name;

    public async Task<CapturePlan> PlanAsync(CancellationToken cancellation)
    {
        var waiting = await broker.CountAsync(cancellation);
        return new CapturePlan
        {
            Before = [Step($"Look for other keys of {Name}", "Counts the keys that the profile does not name, so that what the recovery point lacks can be reported.", SurveyAsync)],
            Drain = [Step($"Wait until the queues of {Name} are idle", $"Waits up to {broker.Settings.DrainTimeout.TotalSeconds:0} s until nothing waits and no worker does anything; {waiting} messages wait now.", DrainAsync)],
            Mark = [Step($"Copy the queues of {Name}", $"Copies what is left in {Described} into {QueuePath.Broker(Name)}, and changes nothing.", CopyAsync)],
        };
    }

    private string Described => string.Join(" and ", new[]
    {
        broker.Settings.Queues.Count + broker.Settings.Lists.Count is > 0 and var queues ? Quantity.Of(queues, "queue") : null,
        broker.Settings.Keys.Count is > 0 and var keys ? $"the keys of {Quantity.Of(keys, "name or pattern", "names or patterns")}" : null,
    }.OfType<string>());

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = broker.Component, Act = act };

    private async Task SurveyAsync(StepContext context, CancellationToken cancellation) =>
        await new KeySurvey(broker).ReportAsync(context, (what, why) => _omitted.Add((what, why)), cancellation);

    /// <summary>
    /// Drains the queues. Waiting messages are copied with the mark. Tasks that still run would be killed half done, or
    /// complete after the mark: then the window must not continue.
    /// </summary>
    private async Task DrainAsync(StepContext context, CancellationToken cancellation)
    {
        // Where the platform was stopped before, no process is left that could work anything off.
        var stall = session.IsPlatformStopped ? TimeSpan.Zero : broker.Settings.StallTimeout;
        var outcome = await broker.Watch.WaitAsync(broker.Settings.DrainTimeout, stall, isHopeful: false, status => context.Counters.ItemsTotal = status.Waiting + status.Unacknowledged, cancellation);
        var last = outcome.Last;
        if (outcome.End == IdleEnd.Idle)
        {
            context.Note($"The queues of {Name} are idle.");
            return;
        }
        if (last.Workers.Active > 0) last = await OutlastAsync(last, cancellation);
        if (!last.Workers.IsKnown) throw Unknown(last);
        if (last.Workers.Active > 0)
            throw Catalogue.QueueBusy.Throwable($"{last.Workers.Active} tasks of {Name} still run after {broker.Settings.DrainTimeout.TotalSeconds:0} s: {last.Workers.RunningText}.");
        if (last.Waiting == 0 && !await IsCalmAsync(cancellation))
            context.Warn(Catalogue.QueueRestless.With($"Tasks of {Name} fall due so often that one may begin while its worker is told to end; Celery may do such a task twice."));
        var still = outcome.End == IdleEnd.Stalled ? "; nothing runs and nothing has left them" + (stall > TimeSpan.Zero ? $" for {stall.TotalSeconds:0.#} s" : "") : "";
        context.Warn(Catalogue.QueueLeft.With($"The queues of {Name} are not empty: {last.Description}{still}. What is left is in the recovery point, and stays where it is."));
    }

    /// <summary>
    /// Gives the tasks that ran at the deadline some time to end, whatever starts meanwhile. Where tasks fall due one
    /// after the other, a worker is never idle for long. That is no reason not to stop it, because it completes its
    /// tasks when it stops; only a long task is.
    /// </summary>
    /// <returns>A status without running tasks when all of them have ended; else the last status.</returns>
    private async Task<BrokerStatus> OutlastAsync(BrokerStatus late, CancellationToken cancellation)
    {
        var lasting = late.Workers.Running.ToHashSet(StringComparer.Ordinal);
        var until = broker.Clock.GetUtcNow() + _grace;
        while (true)
        {
            await Task.Delay(_look, broker.Clock, cancellation);
            var status = await broker.ReadAsync(cancellation);
            if (!status.Workers.IsKnown) return status;
            lasting.IntersectWith(status.Workers.Running);
            if (lasting.Count == 0) return status with { Workers = status.Workers with { Active = 0, Running = [] } };
            if (broker.Clock.GetUtcNow() >= until) return status;
        }
    }

    /// <summary>Waits for some time until no task runs and none is about to begin; nothing waits in a list.</summary>
    private async Task<bool> IsCalmAsync(CancellationToken cancellation)
    {
        var until = broker.Clock.GetUtcNow() + _grace;
        while (true)
        {
            var status = await broker.ReadAsync(cancellation);
            if (!status.Workers.IsKnown) throw Unknown(status);
            var now = broker.Clock.GetUtcNow();
            if (status.Workers is { Active: 0, Reserved: 0 } && CalmMoment.IsCalm(status.Due, now)) return true;
            if (now >= until) return false;
            var pause = CalmMoment.Find(status.Due, now, until) - now;
            await Task.Delay(pause > _look ? pause : _look, broker.Clock, cancellation);
        }
    }

    private ProblemException Unknown(BrokerStatus status) =>
        Catalogue.QueueUnknown.Throwable($"{status.Workers.Listening - status.Workers.Answered} of {status.Workers.Listening} workers of {Name} did not answer, so nobody knows what they do.");

    private async Task CopyAsync(StepContext context, CancellationToken cancellation)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var from = broker.Clock.GetUtcNow();
        var unacked = new UnackedReader(redis, broker.Keys, broker.Settings);
        var source = new QueueSource(redis, unacked, broker.Keys.Unacked);
        var writer = new QueueWriter(session.Writer, context.Counters);
        var taken = broker.Settings.Queues.Count == 0 ? [] : await unacked.ListAsync(broker.Keys.Unacked, broker.Keys.UnackedIndex, cancellation);
        var record = await BeginRecordAsync(redis, from, cancellation);
        var details = new JsonArray();
        var queues = Queues(await broker.Reader.NamesAsync(redis, cancellation), taken, context, record);
        var capture = new KeyCapture(redis, broker.Settings, broker.Keys, context.Counters);
        var keys = await capture.FindAsync(queues, cancellation);
        foreach (var queue in queues.Concat(keys.Where(key => key.IsListOfMessages).Select(key => new QueueName(key.Text![broker.Settings.KeyPrefix.Length..], true))))
        {
            var head = new QueueFileHead(session.Manifest.RunId, Name, queue);
            var mine = queue.IsList ? [] : taken.Where(entry => entry.Queue == queue.Name).ToList();
            var tally = await writer.WriteAsync(head, source.ReadAsync(broker.Keys.Of(queue), mine, cancellation), cancellation);
            record.Counts[queue.Name] = tally.Messages;
            details.Add(tally.ToJson());
        }
        record.Counts["messages"] = record.Counts.Values.Sum();
        record.Details = new JsonObject { ["queues"] = details };
        if (broker.Settings.Keys.Count > 0 || keys.Count > 0)
            Count(await capture.WriteAsync(session.Writer, new KeyFileHead(session.Manifest.RunId, Name), [.. keys.Where(key => !key.IsListOfMessages)], cancellation), record, context);
        foreach (var (what, why) in _omitted) record.Omit(what, why);
        record.To = broker.Clock.GetUtcNow();
        session.Manifest.Components.Add(record);
        context.Note($"{Quantity.Of(record.Counts["messages"], "message")} of {Name} {(record.Counts["messages"] == 1 ? "is" : "are")} in {QueuePath.Broker(Name)}.");
    }

    private void Count(KeyTally tally, ComponentRecord record, StepContext context)
    {
        record.Counts["keys"] = tally.Keys;
        var types = new JsonObject();
        foreach (var (type, count) in tally.Types) types[type] = count;
        record.Details!["keys"] = new JsonObject { ["path"] = QueuePath.Keys(Name), ["types"] = types, ["payload"] = tally.Version };
        context.Note($"{tally.Keys} keys of {Name} are in {QueuePath.Keys(Name)}.");
        if (tally.Gone > 0) context.Note($"{tally.Gone} keys of {Name} were gone before they were copied; they had expired or were deleted.");
    }

    private async Task<ComponentRecord> BeginRecordAsync(RedisConnection redis, DateTimeOffset from, CancellationToken cancellation)
    {
        var record = new ComponentRecord { Name = broker.Component, Kind = QueuesComponent.KindName, Path = QueuePath.Broker(Name), From = from };
        // The version is optional: a user without the privilege to read it can still take a backup.
        var version = await Broker.VersionAsync(redis, cancellation);
        if (version.Length > 0) record.Versions["redis"] = version;
        return record;
    }

    /// <summary>Those of the profile, and those that workers have messages of: what they had taken is in no list, so it must not be missed.</summary>
    private List<QueueName> Queues(IReadOnlyList<QueueName> named, IReadOnlyList<UnackedEntry> taken, StepContext context, ComponentRecord record)
    {
        var unlisted = taken.Select(entry => entry.Queue).OfType<string>().Distinct(StringComparer.Ordinal).Except(broker.Settings.Queues, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        foreach (var name in unlisted)
            context.Warn(Catalogue.QueueUnlisted.With($"Workers of {Name} have messages of the queue '{name}', which the profile does not name. It is in the recovery point all the same."));
        if (taken.Count(entry => entry.Queue is null) is > 0 and var lost)
        {
            record.Complete = false;
            context.Warn(Catalogue.QueueUnreadable.With($"{lost} entries of 'unacked' of {Name} are not what kombu writes, so they are not in the recovery point."));
        }
        return [.. named, .. unlisted.Select(name => new QueueName(name, false))];
    }
}
