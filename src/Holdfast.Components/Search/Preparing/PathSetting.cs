using System.Text.RegularExpressions;

namespace Holdfast.Components.Search.Preparing;

/// <summary>
/// The setting path.repo in the text of a node's configuration. Only its own lines are changed; everything else, comments too, stays as it
/// is. It is written as one text, as a list in brackets, or as a list of lines that begin with a dash.
/// </summary>
internal static partial class PathSetting
{
    /// <summary>The text with a directory more; null when it is named already.</summary>
    public static string? Add(string configuration, string directory)
    {
        var lines = configuration.Split('\n').ToList();
        var at = lines.FindIndex(line => Setting().IsMatch(line));
        if (at < 0) return $"{configuration.TrimEnd('\n')}\npath.repo: [\"{directory}\"]\n".TrimStart('\n');
        var value = WithoutComment(Setting().Match(lines[at]).Groups["value"].Value);
        if (value.Length == 0)
        {
            var items = lines.Skip(at + 1).TakeWhile(line => Item().IsMatch(line)).ToList();
            if (items.Any(item => Bare(Item().Match(item).Groups["value"].Value) == directory)) return null;
            lines.Insert(at + 1 + items.Count, $"{(items.Count > 0 ? Item().Match(items[0]).Groups["indent"].Value : "  ")}- \"{directory}\"");
            return string.Join('\n', lines);
        }
        var named = value.TrimStart('[').TrimEnd(']').Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Bare).ToList();
        if (named.Contains(directory, StringComparer.Ordinal)) return null;
        lines[at] = $"path.repo: [{string.Join(", ", named.Append(directory).Select(one => $"\"{one}\""))}]";
        return string.Join('\n', lines);
    }

    private static string WithoutComment(string value) => value.Split(" #")[0].Trim();

    private static string Bare(string item) => WithoutComment(item).Trim('"', '\'').TrimEnd('/');

    [GeneratedRegex(@"^path\.repo\s*:(?<value>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setting();

    [GeneratedRegex(@"^(?<indent>\s*)-\s+(?<value>.+)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Item();
}
