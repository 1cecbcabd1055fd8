namespace Holdfast.Engine.Profiles;

/// <summary>
/// Rules that a schema cannot express: indices are built from clusters of the profile, an alias belongs to one index,
/// and retries have a method.
/// </summary>
internal static class DocumentSources
{
    public static void Check(YamlValue root, List<ProfileMistake> mistakes)
    {
        var clusters = Names(root.Find("components")?.Find("postgres"));
        foreach (var (position, cluster) in (root.Find("components")?.Find("search")?.Items ?? []).Index())
        {
            if (cluster.Find("indices") is not { IsMapping: true } indices) continue;
            var path = $"components.search[{position}].indices";
            foreach (var alias in indices.Keys.Where(alias => indices[alias].IsMapping)) CheckSource(indices[alias].Find("source"), $"{path}.{alias}.source", clusters, mistakes);
            CheckAliases(indices, path, mistakes);
        }
        CheckSource(root.Find("packages"), "packages", clusters, mistakes);
    }

    private static void CheckSource(ProfileNode? source, string path, List<string> clusters, List<ProfileMistake> mistakes)
    {
        if (source is not { IsMapping: true }) return;
        if (source.Find("postgres") is { IsScalar: true } named)
        {
            if (!clusters.Contains(named.Text, StringComparer.Ordinal)) mistakes.Add(new ProfileMistake(named.Place, path, $"there is no cluster '{named.Text}' in components.postgres.{Spelling.Suggest(named.Text, clusters)}"));
        }
        else if (clusters.Count != 1)
        {
            mistakes.Add(new ProfileMistake(source.Place, path, clusters.Count == 0 ? "there is no cluster in components.postgres to read from." : "'postgres' is missing: say which of the clusters in components.postgres is read."));
        }
        if (source.Find("version") is { } version && source.Has("version-field")) mistakes.Add(new ProfileMistake(version.Place, path, "'version' and 'version-field' exclude each other."));
    }

    private static void CheckAliases(ProfileNode indices, string path, List<ProfileMistake> mistakes)
    {
        var taken = indices.Keys.ToDictionary(alias => alias, _ => indices.Place.Line, StringComparer.Ordinal);
        foreach (var index in indices.Keys.Where(index => indices[index].IsMapping))
        {
            if (indices[index].Find("aliases") is not { } aliases) continue;
            foreach (var alias in aliases.IsMapping ? aliases.Keys : [.. aliases.Items.Where(item => item.IsScalar).Select(item => item.Text)])
                if (alias != index && !taken.TryAdd(alias, aliases.Place.Line))
                    mistakes.Add(new ProfileMistake(aliases.Place, $"{path}.{index}.aliases", $"the alias '{alias}' would lead to two indices."));
        }
    }

    private static List<string> Names(ProfileNode? list) => [.. (list?.Items ?? []).Select(item => item.Find("name")).OfType<ProfileNode>().Where(name => name.IsScalar).Select(name => name.Text)];
}
