using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Queues.Restore;

/// <summary>The steps that put the messages of a broker back from a snapshot: a recovery point, or an archive.</summary>
internal sealed class QueueRestore(Broker broker, QueueUndos undos)
{
    private string Name => broker.Settings.Name;

    /// <summary>For "restore": the queues become what they were.</summary>
    public async Task<IReadOnlyList<Step>> PlanAsync(RestoreSession session, CancellationToken cancellation)
    {
        if (session.Target is { } target) return [FilesStep(session, target)];
        var mode = session.Overwrite ? PutBackMode.Overwrite : PutBackMode.Replace;
        var queues = await PlanAsync(session.Repository, session.Point, mode, queue => IsChosen(queue, session), cancellation, session.CountLeftAlone);
        return await PlanKeysAsync(session, cancellation) is { } keys ? [.. queues, keys] : queues;
    }

    /// <summary>One step a queue, each done as a whole or not at all; <paramref name="leftAlone"/> is called by each that puts nothing back.</summary>
    public async Task<IReadOnlyList<Step>> PlanAsync(Repository repository, Snapshot snapshot, PutBackMode mode, Func<QueueName, bool> isChosen, CancellationToken cancellation, Action? leftAlone = null)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var steps = new List<Step>();
        foreach (var file in await QueueFile.ListAsync(repository, snapshot, Name, cancellation))
        {
            var head = await file.ReadHeadAsync(cancellation);
            if (!isChosen(head.Queue)) continue;
            if (!broker.Keys.IsNamed(head.Queue))
            {
                steps.Add(ForeignStep(head.Queue, leftAlone));
                continue;
            }
            var there = 0L;
            foreach (var (_, key) in broker.Keys.Of(head.Queue)) there += (await redis.CallAsync(cancellation, "EXISTS", key)).Integer;
            steps.Add(QueueStep(file, head, mode, there > 0, leftAlone));
        }
        return steps;
    }

    /// <summary>The step that restores keys that are not messages; null when none was captured or selected.</summary>
    private async Task<Step?> PlanKeysAsync(RestoreSession session, CancellationToken cancellation)
    {
        if (session.PartsOf(broker.Component) is not null) return null; // of queues and lists: keys have no names in the manifest
        if (await QueueFile.FindKeysAsync(session.Repository, session.Point, Name, cancellation) is not { } file) return null;
        if (!await IsAnyChosenAsync(file, session, cancellation)) return null;
        var head = await file.ReadKeyHeadAsync(cancellation);
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var captured = session.Manifest.Components.FirstOrDefault(component => component.Name == broker.Component)?.Details?["keys"];
        PayloadVersion.Check((int?)captured?["payload"] ?? 0, await Broker.VersionAsync(redis, cancellation), redis.Place);
        return new Step
        {
            Name = $"Put back the keys of {Name}",
            Does = session.Overwrite ? "Makes each key what it was; what it has now is deleted." : "Makes each key what it was, once; what it has now is moved aside when it is not the same.",
            Component = broker.Component,
            Destroys = true,
            Act = (context, token) => PutKeysAsync(file, head, session, context, token),
        };
    }

    private async Task PutKeysAsync(QueueFile file, KeyFileHead head, RestoreSession session, StepContext context, CancellationToken cancellation)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var undo = undos.DropKeys(head.Archive);
        await context.OweAsync(undo, cancellation);
        var (foreign, example) = (0L, (RedisKey?)null);
        var chosen = file.ReadKeysAsync(cancellation).Where(key => IsChosen(key.Name, session)).Where(IsNamed);
        var isDone = await new KeyRestore(redis, broker.Keys, context, session.Overwrite).RunAsync(head, chosen, session.Include.Count + session.Exclude.Count == 0, cancellation);
        await context.SettleAsync(undo, cancellation);
        if (foreign > 0) context.Warn(Catalogue.QueueForeign.With($"{foreign} keys of {Name} in the recovery point, such as '{example!.Shown}', are named nowhere in the profile; they were not put back."));
        if (isDone) return;
        session.CountLeftAlone();
        context.Warn(Catalogue.QueueRestored.With(
            $"The keys of {Name} that run {head.Archive} had copied were put back once already, so nothing was done.",
            "Nothing needs to be done: they may have changed since. 'holdfast restore --only queues --overwrite' does it all the same."));

        bool IsNamed(DumpedKey key)
        {
            if (broker.Keys.IsNamed(key.Name)) return true;
            example ??= new RedisKey(key.Name, key.Type, key.Expires > 0);
            foreign++;
            return false;
        }
    }

    /// <summary>
    /// The step for a queue that the profile does not name. It is left out: any user with write access to the
    /// repository could otherwise replace data of other applications in the same Redis.
    /// </summary>
    private Step ForeignStep(QueueName queue, Action? leftAlone)
    {
        var what = $"The {(queue.IsList ? "list" : "queue")} '{queue.Name}' in the recovery point is named nowhere in the profile";
        return new Step
        {
            Name = $"Leave out '{queue.Name}'",
            Does = $"{what}: it is not put back.",
            Component = broker.Component,
            Act = (context, _) =>
            {
                leftAlone?.Invoke();
                context.Warn(Catalogue.QueueForeign.With($"{what}; it was not put back."));
                return Task.CompletedTask;
            },
        };
    }

    private async Task<bool> IsAnyChosenAsync(QueueFile file, RestoreSession session, CancellationToken cancellation)
    {
        if (session.Include.Count == 0 && session.Exclude.Count == 0) return true;
        return await file.ReadKeysAsync(cancellation).AnyAsync(key => IsChosen(key.Name, session), cancellation);
    }

    /// <summary>A key is chosen by its name, or by the file of the keys or a folder above it.</summary>
    private bool IsChosen(byte[] key, RestoreSession session)
    {
        var (name, file) = (System.Text.Encoding.UTF8.GetString(key), QueuePath.Keys(Name));
        bool Fits(string pattern) => pattern == name || pattern == file || file.StartsWith(pattern.TrimEnd('/') + "/", StringComparison.Ordinal);
        return (session.Include.Count == 0 || session.Include.Any(Fits)) && !session.Exclude.Any(Fits);
    }

    private Step QueueStep(QueueFile file, QueueFileHead head, PutBackMode mode, bool isThere, Action? leftAlone) => new()
    {
        Name = $"Put back the messages of {head.Queue.Name}",
        Does = mode switch
        {
            PutBackMode.Add => "Adds those that are not there any more, before what has come since, once.",
            PutBackMode.AddAgain => "Adds those that are not there any more, before what has come since, even when that was done before: work that was done since is done twice.",
            PutBackMode.Replace => "Makes the queue what it was, once; what it has now is moved aside when it is not the same.",
            _ => "Makes the queue what it was, even when that was done before; what it has now is deleted.",
        },
        Component = broker.Component,
        Destroys = isThere && mode is (PutBackMode.Replace or PutBackMode.Overwrite),
        Act = async (context, cancellation) =>
        {
            await using var redis = await broker.Connector.OpenAsync(cancellation);
            var undo = undos.DropStaging(head);
            await context.OweAsync(undo, cancellation);
            var result = await new QueuePutBack(redis, broker.Settings, broker.Keys, context.Counters).RunAsync(head, file.ReadAsync(cancellation), mode, context.RunId, cancellation);
            await context.SettleAsync(undo, cancellation);
            if (result.WasDone) leftAlone?.Invoke();
            Report(context, head, mode, result);
        },
    };

    private static void Report(StepContext context, QueueFileHead head, PutBackMode mode, PutBackResult result)
    {
        if (result.WasDone)
        {
            var force = mode == PutBackMode.Add ? "queues restore --again" : "restore --only queues --overwrite";
            context.Warn(Catalogue.QueueRestored.With(
                $"The messages of {head.Queue.Name} that run {head.Archive} had copied were put back once already, so nothing was done.",
                $"Nothing needs to be done: they may have been worked off since. 'holdfast {force}' does it all the same."));
            return;
        }
        var left = result.AlreadyThere > 0 ? $"; {result.AlreadyThere} are there already" : "";
        context.Note($"{Quantity.Of(result.Messages, "message")} of {head.Queue.Name} {(result.Messages == 1 ? "was" : "were")} put back{left}.");
        foreach (var (key, aside) in result.MovedAside) context.Note($"What was in {key} is in {aside} now.");
    }

    /// <summary>A queue is chosen by its name, or by its file in the recovery point or a folder above it.</summary>
    private bool IsChosen(QueueName queue, RestoreSession session)
    {
        var file = QueuePath.File(Name, queue);
        bool Fits(string pattern) => pattern == queue.Name || pattern == file || file.StartsWith(pattern.TrimEnd('/') + "/", StringComparison.Ordinal);
        return session.Asks(broker.Component, queue.Name) && (session.Include.Count == 0 || session.Include.Any(Fits)) && !session.Exclude.Any(Fits);
    }

    /// <summary>The files of the queues that are asked for, as patterns below the folder of the broker; none where all are.</summary>
    private string[] FilesOf(RestoreSession session) => session.PartsOf(broker.Component) is not { } queues ? []
        : [.. queues.Select(queue => PathPattern.Escape(QueuePath.File(Name, new QueueName(queue, IsList: false))[QueuePath.Broker(Name).Length..]))];

    private Step FilesStep(RestoreSession session, string target) => new()
    {
        Name = $"Write the messages of {Name} as files",
        Does = $"Writes {(session.PartsOf(broker.Component) is { } queues ? $"{string.Join(", ", queues)} of " : "")}{QueuePath.Broker(Name)} below {target}; Redis is not touched.",
        Component = broker.Component,
        Remains = RestoreSession.WrittenFilesRemain,
        Act = async (context, cancellation) =>
        {
            var folder = QueuePath.Broker(Name);
            await session.WriteFolderAsync(folder, FilesOf(session), context, cancellation);
            context.Note($"The messages of {Name} are in {Path.Join(target, folder)}.");
        },
    };
}
