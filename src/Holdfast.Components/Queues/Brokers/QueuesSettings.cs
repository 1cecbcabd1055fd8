using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>One broker and what of it is captured: one item of the profile's list "queues". Names and defaults are kombu's.</summary>
internal sealed record QueuesSettings
{
    /// <summary>The broker's name in recovery points. "main" by default.</summary>
    public string Name { get; init; } = "main";

    public RedisSettings Connection { get; init; } = new();

    /// <summary>kombu's global_keyprefix: the prefix of all keys of the broker, Holdfast's own included.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>The names of Celery's queues.</summary>
    public IReadOnlyList<string> Queues { get; init; } = [];

    /// <summary>Lists of the platform's own, whose items are bytes of any kind: names or patterns, without the prefix.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>Keys of any type: names or patterns, without the prefix.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Keys that are left out on purpose: names or patterns, without the prefix.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Items of <see cref="Queues"/> and <see cref="Lists"/> that a backup does not wait for.</summary>
    public IReadOnlySet<string> Undrained { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Priorities that have lists of their own, ascending. 0, 3, 6 and 9 by default.</summary>
    public IReadOnlyList<int> PrioritySteps { get; init; } = [0, 3, 6, 9];

    /// <summary>The separator between a queue's name and a priority.</summary>
    public string Separator { get; init; } = "\x06\x16";

    /// <summary>Celery's control_exchange: the name that its workers are asked under.</summary>
    public string ControlExchange { get; init; } = "celery";

    /// <summary>
    /// The time limit for the workers' answers. 5 seconds: a busy worker answers in a tenth of one, a stopped one
    /// never.
    /// </summary>
    public TimeSpan InspectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time limit for draining the queues in a backup. 2 minutes: users wait as long.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The time limit of a backup's wait while no task runs and no message leaves a queue. 5 seconds: a backlog that no
    /// process works off is not worth an outage.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time between two looks at queues. A quarter of a second is plenty: a message on its way is in no key for about a millisecond.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(250);

    public static QueuesSettings Read(ProfileNode node)
    {
        var defaults = new QueuesSettings();
        return defaults with
        {
            Name = node["name"].Text,
            Connection = RedisSettings.Read(node.Find("connection")),
            KeyPrefix = node.Find("key-prefix")?.Text ?? defaults.KeyPrefix,
            Queues = Names(node.Find("queues")),
            Lists = Names(node.Find("lists")),
            Keys = Names(node.Find("keys")),
            Ignored = Names(node.Find("ignore")),
            Undrained = UndrainedOf(node),
            PrioritySteps = node.Find("priority-steps") is { } steps ? [.. steps.Items.Select(step => step.Integer).Distinct().Order()] : defaults.PrioritySteps,
            Separator = node.Find("separator")?.Text ?? defaults.Separator,
            ControlExchange = node.Find("control-exchange")?.Text ?? defaults.ControlExchange,
            InspectTimeout = node.Find("inspect-timeout")?.Duration ?? defaults.InspectTimeout,
            DrainTimeout = node.Find("drain-timeout")?.Duration ?? defaults.DrainTimeout,
            StallTimeout = node.Find("stall-timeout")?.Duration ?? defaults.StallTimeout,
        };
    }

    private static HashSet<string> UndrainedOf(ProfileNode node)
    {
        var drains = node.Find("drain")?.Boolean ?? true;
        IEnumerable<ProfileNode> items = [.. node.Find("queues")?.Items ?? [], .. node.Find("lists")?.Items ?? []];
        return items.Where(item => !(item.IsScalar ? drains : item.Find("drain")?.Boolean ?? drains)).Select(NameOf).ToHashSet(StringComparer.Ordinal);
    }

    private static List<string> Names(ProfileNode? node) => [.. (node?.Items ?? []).Select(NameOf)];

    private static string NameOf(ProfileNode item) => item.IsScalar ? item.Text : item["name"].Text;
}
