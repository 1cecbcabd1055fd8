namespace Holdfast.Engine.Profiles;

/// <summary>
/// Rules for brokers that a schema cannot express: one captures something, and a queue of Celery has a name, not a
/// pattern.
/// </summary>
internal static class BrokerNames
{
    private static readonly string[] _captured = ["queues", "lists", "keys"];

    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        foreach (var (index, broker) in (root.Find("components")?.Find("queues")?.Items ?? []).Index())
        {
            var path = $"components.queues[{index}]";
            if (!_captured.Any(key => broker.Find(key)?.Items.Count > 0)) mistakes.Add(new ProfileMistake(broker.Place, path, "expected at least one item in 'queues', 'lists' or 'keys'."));
            foreach (var item in broker.Find("queues")?.Items ?? []) CheckQueue(item.IsScalar ? item : item.Find("name"), $"{path}.queues", mistakes);
        }
    }

    private static void CheckQueue(ProfileNode? name, string path, List<ProfileMistake> mistakes)
    {
        if (name is { IsScalar: true } && name.Text.AsSpan().IndexOfAny('*', '?', '[') >= 0)
            mistakes.Add(new ProfileMistake(name.Place, path, $"'{name.Text}' is a pattern, and Celery's queues go by their names; 'lists' and 'keys' take patterns."));
    }
}
