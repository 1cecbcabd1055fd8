using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Search.Preparing;

/// <summary>
/// The settings in a node's configuration file, by full names: "path.repo: x", "path: { repo: x }" and "path:" with
/// "repo: x" below it are the same setting. Source: the engines' reference manuals, "Configuring Elasticsearch",
/// "Config file format".
/// </summary>
internal static class NodeConfiguration
{
    /// <summary>
    /// The values of each setting, in their order; null when the text is not YAML that a node would read, or has
    /// anchors or tags, which Holdfast does not read.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>>? Read(string text)
    {
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (text.Split('\n').All(line => line.TrimStart() is "" or ['#', ..] or "\r")) return found;
        if (ProfileReader.ReadYaml(text) is not { } root || !(root.IsMapping || root is { IsScalar: true, Text.Length: 0 })) return null;
        return !root.IsMapping || Add("", root, found) ? found : null;
    }

    /// <summary>False for what has no name of a setting, or is there twice.</summary>
    private static bool Add(string prefix, ProfileNode node, Dictionary<string, IReadOnlyList<string>> found)
    {
        foreach (var key in node.Keys)
        {
            var (name, value) = (prefix + key, node[key]);
            if (value.IsMapping)
            {
                if (!Add($"{name}.", value, found)) return false;
            }
            else if (value.IsScalar ? !found.TryAdd(name, [value.Text]) : value.Items.Any(item => !item.IsScalar) || !found.TryAdd(name, [.. value.Items.Select(item => item.Text)])) return false;
        }
        return true;
    }
}
