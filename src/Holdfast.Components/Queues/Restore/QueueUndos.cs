using System.Text.Json;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Planning;

namespace Holdfast.Components.Queues.Restore;

/// <summary>
/// The undos that the steps of one broker may register, and how they are completed. An undo contains the names of keys,
/// because the profile may change before it is completed.
/// </summary>
internal sealed class QueueUndos(Broker broker)
{
    private const string Archive = "archive", Lists = "lists", Marks = "marks";

    public IReadOnlyList<IUndoHandler> Handlers { get; } =
    [
        new Handler(broker, Kind(broker, "take-back"), TakeBackAsync),
        new Handler(broker, Kind(broker, "delete-archived"), DeleteArchivedAsync),
        new Handler(broker, Kind(broker, "drop-staging"), DropStagingAsync),
        new Handler(broker, Kind(broker, "drop-keys"), DropKeysAsync),
    ];

    /// <summary>Pending while messages are set aside and not yet stored in the repository.</summary>
    public Undo TakeBack(string archive, IReadOnlyList<QueueName> queues) =>
        Owe("take-back", $"Puts the messages of {broker.Settings.Name} that an archive had set aside back into their queues.", archive, queues);

    /// <summary>
    /// Pending once the messages are stored in the repository, until all of them are deleted from Redis.
    /// </summary>
    public Undo DeleteArchived(string archive, IReadOnlyList<QueueName> queues) =>
        Owe("delete-archived", $"Deletes the messages of {broker.Settings.Name} from Redis that are safe in an archive.", archive, queues);

    /// <summary>Pending while messages are staged that were not put back yet.</summary>
    public Undo DropStaging(QueueFileHead head) =>
        Owe("drop-staging", $"Deletes what was not put back yet into {head.Queue.Name}, and ends joining what was.", head.Archive, [head.Queue]);

    /// <summary>Pending while keys are staged.</summary>
    public Undo DropKeys(string archive) => Owe("drop-keys", $"Deletes keys of {broker.Settings.Name} that were not put back yet.", archive, []);

    /// <summary>The keys of the unacknowledged, and where an archive keeps them.</summary>
    public static IReadOnlyList<RedisWord> Unacked(QueueKeys keys, string archive) =>
        [keys.Unacked, keys.UnackedIndex, keys.Archived(archive, keys.Unacked), keys.Archived(archive, keys.UnackedIndex)];

    private Undo Owe(string kind, string does, string archive, IReadOnlyList<QueueName> queues) => new(Kind(broker, kind), does, new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [Archive] = archive,
        [Lists] = JsonSerializer.Serialize([.. queues.SelectMany(broker.Keys.Of).Select(list => list.Key)], QueuesJson.Default.StringArray),
        [Marks] = JsonSerializer.Serialize([.. queues.Select(queue => broker.Keys.Restored(archive, queue))], QueuesJson.Default.StringArray),
    });

    private static string Kind(Broker broker, string kind) => $"{broker.Component}.{kind}";

    /// <summary>
    /// Puts the messages back. Archived messages are older than new ones, so they come first. After an interruption,
    /// the next call continues.
    /// </summary>
    private static async Task TakeBackAsync(Broker broker, RedisConnection redis, Undo owed, CancellationToken cancellation)
    {
        var (archive, lists, marks) = Read(owed);
        var taken = Unacked(broker.Keys, archive);
        IReadOnlyList<RedisWord> owns = [.. lists.Select(list => (RedisWord)broker.Keys.Archived(archive, list)), .. taken.Skip(2)];
        await redis.CallAsync(cancellation, ["EVAL", RedisScripts.TakeBack, owns.Count + marks.Length, .. owns, .. marks.Select(mark => (RedisWord)mark), owns.Count, $"taken back from archive {archive}"]);
        foreach (var list in lists) await RedisScripts.MoveAsync(redis, RedisScripts.Join, [broker.Keys.Archived(archive, list), list], cancellation);
        await RedisScripts.MoveAsync(redis, RedisScripts.TakeTakenBack, taken, cancellation);
    }

    private static async Task DeleteArchivedAsync(Broker broker, RedisConnection redis, Undo owed, CancellationToken cancellation)
    {
        var (archive, lists, _) = Read(owed);
        await redis.CallAsync(cancellation, ["UNLINK", .. lists.Select(list => (RedisWord)broker.Keys.Archived(archive, list)), .. Unacked(broker.Keys, archive).Skip(2)]);
    }

    private static async Task DropStagingAsync(Broker broker, RedisConnection redis, Undo owed, CancellationToken cancellation)
    {
        var (archive, lists, _) = Read(owed);
        await redis.CallAsync(cancellation, ["UNLINK", .. lists.Select(list => (RedisWord)broker.Keys.Staging(archive, list))]);
        await QueuePutBack.JoinAsync(redis, broker.Keys, archive, lists, cancellation);
    }

    private static async Task DropKeysAsync(Broker broker, RedisConnection redis, Undo owed, CancellationToken cancellation)
    {
        var staged = Enumerable.Range(0, KeyRestore.Batch).Select(number => (RedisWord)broker.Keys.StagedKey(owed.Arguments[Archive], number));
        await redis.CallAsync(cancellation, ["UNLINK", .. staged]);
    }

    private static (string Archive, string[] Lists, string[] Marks) Read(Undo owed) =>
        (owed.Arguments[Archive], Names(owed.Arguments[Lists]), Names(owed.Arguments[Marks]));

    private static string[] Names(string json) => JsonSerializer.Deserialize(json, QueuesJson.Default.StringArray) ?? [];

    private sealed class Handler(Broker broker, string kind, Func<Broker, RedisConnection, Undo, CancellationToken, Task> undo) : IUndoHandler
    {
        public string Kind => kind;

        public async Task UndoAsync(Undo owed, CancellationToken cancellation)
        {
            await using var redis = await broker.Connector.OpenAsync(cancellation);
            await undo(broker, redis, owed, cancellation);
        }
    }
}
