using System.Text;
using Holdfast.Components.Queues.Redis;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// The names of keys. Those of the broker are kombu's (source: kombu 5.2, transport/redis.py), after its
/// global_keyprefix; Holdfast's own begin with the same prefix, so that a user with access to the broker's keys has
/// access to them.
/// </summary>
internal sealed class QueueKeys(QueuesSettings settings)
{
    private readonly Lazy<byte[][]> _bookkeeping = new(() =>
    [
        .. new[] { "unacked", "unacked_index", "unacked_mutex", "_kombu.binding.*", $"*.reply.{RedisGlob.Escape(settings.ControlExchange)}.pidbox", "holdfast:*" }
            .Select(pattern => Encoding.UTF8.GetBytes(RedisGlob.Escape(settings.KeyPrefix) + pattern)),
    ]);

    private readonly Lazy<byte[][]> _named = new(() =>
        [.. settings.Keys.Concat(settings.Lists).Select(pattern => Encoding.UTF8.GetBytes(RedisGlob.Escape(settings.KeyPrefix) + pattern))]);

    private readonly Lazy<byte[]> _aside = new(() => Encoding.UTF8.GetBytes($"{settings.KeyPrefix}holdfast:aside:"));

    private readonly Lazy<HashSet<string>> _inFull = new(() =>
        settings.Keys.Concat(settings.Lists).Where(name => !RedisGlob.IsPattern(name)).Select(name => settings.KeyPrefix + RedisGlob.Literal(name)).ToHashSet(StringComparer.Ordinal));

    private readonly Lazy<byte[]> _results = new(() => Encoding.UTF8.GetBytes(RedisGlob.Escape(settings.KeyPrefix) + "celery-task*meta-*"));

    public string Unacked => $"{settings.KeyPrefix}unacked";

    public string UnackedIndex => $"{settings.KeyPrefix}unacked_index";

    /// <summary>The channel that all workers listen to. The number of the database is part of it, because channels know no databases.</summary>
    public string Mailbox => $"{settings.KeyPrefix}/{settings.Connection.Database}.{settings.ControlExchange}.pidbox";

    /// <summary>The exchange of answers, without the prefix: workers add it.</summary>
    public string ReplyExchange => $"reply.{settings.ControlExchange}.pidbox";

    /// <summary>The set of queues that are bound to an exchange.</summary>
    public string Binding(string exchange) => $"{settings.KeyPrefix}_kombu.binding.{exchange}";

    public string Plain(string list) => settings.KeyPrefix + list;

    /// <summary>The lists of a queue with their priorities: the first has none in its name.</summary>
    public IReadOnlyList<(int Priority, string Key)> Buckets(string queue) =>
        [.. settings.PrioritySteps.Select(step => (step, Plain(step == 0 ? queue : $"{queue}{settings.Separator}{step}")))];

    /// <summary>The lists of a queue, or the one list of a plain list.</summary>
    public IReadOnlyList<(int Priority, string Key)> Of(QueueName queue) => queue.IsList ? [(0, Plain(queue.Name))] : Buckets(queue.Name);

    /// <summary>The step whose list takes messages of a priority, as kombu chooses it: the largest that is not above it.</summary>
    public int Step(int priority) => settings.PrioritySteps.LastOrDefault(step => step <= priority, settings.PrioritySteps[^1]);

    /// <summary>Holds that something was put back once already, so that it is not done twice.</summary>
    public string Restored(string archive, QueueName queue) => Own("restored", archive, queue.Name);

    /// <summary>A list in the making, which takes a queue's place when it is whole.</summary>
    public string Staging(string archive, string key) => Own("staging", archive, Bare(key));

    /// <summary>A list that is being put in front of the one that is there; its messages count as put back.</summary>
    public string Joining(string archive, string key) => Own("joining", archive, Bare(key));

    /// <summary>
    /// The key of a list that a restore has moved aside. <paramref name="suffix"/> is unique for the run.
    /// </summary>
    public string Aside(string key, string suffix) => Own("aside", suffix.TrimStart('.'), Bare(key));

    /// <summary>The key that an archive moves a list to, out of the workers' reach.</summary>
    public string Archived(string archive, string key) => Own("archive", archive, Bare(key));

    /// <summary>Holds that the keys of a broker were put back once already.</summary>
    public string RestoredKeys(string archive, string broker) => Own("restored-keys", archive, broker);

    /// <summary>A key in the making; they are few at a time, so they are numbered.</summary>
    public string StagedKey(string archive, int number) => Own("staging-keys", archive, $"{number}");

    /// <summary>The same as <see cref="Aside"/>, for names of any bytes.</summary>
    public byte[] AsideKey(string suffix, byte[] key)
    {
        var prefix = Encoding.UTF8.GetBytes(settings.KeyPrefix);
        return [.. Encoding.UTF8.GetBytes(Own("aside", suffix.TrimStart('.'), "")), .. key.AsSpan().StartsWith(prefix) ? key.AsSpan(prefix.Length) : key];
    }

    /// <summary>
    /// Keys that Celery or Holdfast keep for themselves and create again: they are never captured as values, and not
    /// reported. Keys that a restore has moved aside are among them, unless the profile gives their full names.
    /// </summary>
    public bool IsBookkeeping(ReadOnlySpan<byte> key) => FitsAny(_bookkeeping.Value, key) && !(IsAside(key) && _inFull.Value.Contains(Encoding.UTF8.GetString(key)));

    /// <summary>Whether a restore has moved a key aside (<see cref="Aside"/>).</summary>
    public bool IsAside(ReadOnlySpan<byte> key) => key.StartsWith(_aside.Value);

    /// <summary>Whether the profile names a queue or list: nothing else is put back, whatever a recovery point holds.</summary>
    public bool IsNamed(QueueName queue) =>
        queue.IsList ? IsNamed(Encoding.UTF8.GetBytes(Plain(queue.Name))) : settings.Queues.Contains(queue.Name, StringComparer.Ordinal);

    /// <summary>
    /// Whether the profile names a key, whose name begins with the prefix. 'keys' may name lists, and 'lists' keys that
    /// are captured as values.
    /// </summary>
    public bool IsNamed(ReadOnlySpan<byte> key) => FitsAny(_named.Value, key) && !IsBookkeeping(key);

    /// <summary>Whether a key is the result of a task of Celery, which expires.</summary>
    public bool IsResult(ReadOnlySpan<byte> key) => RedisGlob.Fits(_results.Value, key);

    private static bool FitsAny(byte[][] patterns, ReadOnlySpan<byte> key)
    {
        foreach (var pattern in patterns)
            if (RedisGlob.Fits(pattern, key)) return true;
        return false;
    }

    private string Own(string kind, string owner, string name) => $"{settings.KeyPrefix}holdfast:{kind}:{owner}:{name}";

    private string Bare(string key) => key[settings.KeyPrefix.Length..];
}
