namespace Holdfast.Engine.Profiles;

/// <summary>
/// A rule that a schema cannot express: items of a list that are distinguished by name have different names.
/// </summary>
internal static class UniqueNames
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        Check(root.Find("components")?.Find("postgres"), "components.postgres", mistakes);
        Check(root.Find("components")?.Find("queues"), "components.queues", mistakes);
        Check(root.Find("components")?.Find("search"), "components.search", mistakes);
        Check(root.Find("services"), "services", mistakes);
        Check(root.Find("checks")?.Find("search"), "checks.search", mistakes);
        Check(root.Find("checks")?.Find("users")?.Find("http"), "checks.users.http", mistakes);
        foreach (var (index, cluster) in (root.Find("components")?.Find("postgres")?.Items ?? []).Index()) Check(cluster.Find("questions"), $"components.postgres[{index}].questions", mistakes);
    }

    private static void Check(ProfileNode? list, string path, List<ProfileMistake> mistakes)
    {
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in (list?.Items ?? []).Select(item => item.Find("name")).OfType<ProfileNode>().Where(name => name.IsScalar))
            if (!lines.TryAdd(name.Text, name.Place.Line))
                mistakes.Add(new ProfileMistake(name.Place, path, $"the name '{name.Text}' is taken already, on line {lines[name.Text]}."));
    }
}
