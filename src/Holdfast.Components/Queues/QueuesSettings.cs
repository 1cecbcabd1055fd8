using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues;

/// <summary>One broker and what of it is captured: one item of the profile's list "queues". Names and defaults are kombu's.</summary>
internal sealed record QueuesSettings
{
    /// <summary>The broker's name in recovery points. "main" by default.</summary>
    public string Name { get; init; } = "main";

    public RedisSettings Connection { get; init; } = new();

    /// <summary>kombu's global_keyprefix: what all keys of the broker begin with, our own too.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>Queues of Celery.</summary>
    public IReadOnlyList<string> Queues { get; init; } = [];

    /// <summary>Lists of the platform's own, whose items are bytes that nobody here understands.</summary>
    public IReadOnlyList<string> Lists { get; init; } = [];

    /// <summary>Priorities that have lists of their own, ascending. 0, 3, 6 and 9 by default.</summary>
    public IReadOnlyList<int> PrioritySteps { get; init; } = [0, 3, 6, 9];

    /// <summary>What stands between a queue's name and a priority.</summary>
    public string Separator { get; init; } = "\x06\x16";

    /// <summary>Celery's control_exchange: the name that its workers are asked under.</summary>
    public string ControlExchange { get; init; } = "celery";

    /// <summary>How long workers may take to answer. 5 seconds: a busy one answers in a tenth of one, a stopped one never.</summary>
    public TimeSpan InspectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a backup waits for the queues to be worked off. 2 minutes: users wait as long.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(2);

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
            PrioritySteps = node.Find("priority-steps") is { } steps ? [.. steps.Items.Select(step => step.Integer).Distinct().Order()] : defaults.PrioritySteps,
            Separator = node.Find("separator")?.Text ?? defaults.Separator,
            ControlExchange = node.Find("control-exchange")?.Text ?? defaults.ControlExchange,
            InspectTimeout = node.Find("inspect-timeout")?.Duration ?? defaults.InspectTimeout,
            DrainTimeout = node.Find("drain-timeout")?.Duration ?? defaults.DrainTimeout,
        };
    }

    private static List<string> Names(ProfileNode? node) => [.. (node?.Items ?? []).Select(item => item.Text)];
}
