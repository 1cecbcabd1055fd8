using System.Text.RegularExpressions;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Preparing;

/// <summary>
/// The setting path.repo in the text of a node's configuration. Only its own lines are changed; everything else,
/// comments included, is kept. It may be one text, a list in brackets, or a list of lines that begin with a dash, under
/// its full name or below "path:". The result is parsed again, as the node reads it: it must have all previous values,
/// and the new directory.
/// </summary>
internal static partial class PathSetting
{
    private const string Name = "path.repo";

    /// <summary>
    /// The configuration with one more directory in path.repo; null when it has the directory already.
    /// </summary>
    /// <exception cref="ProblemException">The setting has a form that cannot be changed safely.</exception>
    public static string? Add(string configuration, string directory)
    {
        var before = NodeConfiguration.Read(configuration) ?? throw Refusal("cannot be read", directory);
        var named = before.GetValueOrDefault(Name, []).SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Select(Bare).ToList();
        if (named.Contains(directory, StringComparer.Ordinal)) return null;
        IReadOnlyList<string> wanted = [.. named, directory];
        foreach (var after in new[] { WithItem(configuration, directory), WithList(configuration, wanted) }.OfType<string>())
            if (IsAsWanted(before, NodeConfiguration.Read(after), wanted)) return after;
        throw Refusal($"has {Name} in a form that cannot be changed safely", directory);
    }

    private static ProblemException Refusal(string what, string directory) => Catalogue.SearchPath.Throwable(
        $"The configuration of the node {what}, so it was not changed.", $"Add '{directory}' to {Name} in it yourself, beside what it has, and restart the node.");

    private static bool IsAsWanted(IReadOnlyDictionary<string, IReadOnlyList<string>> before, IReadOnlyDictionary<string, IReadOnlyList<string>>? after, IReadOnlyList<string> wanted) =>
        after is not null && after.GetValueOrDefault(Name, []).Select(Bare).SequenceEqual(wanted, StringComparer.Ordinal)
        && before.Keys.Append(Name).ToHashSet(StringComparer.Ordinal).SetEquals(after.Keys)
        && before.All(setting => setting.Key == Name || setting.Value.SequenceEqual(after[setting.Key], StringComparer.Ordinal));

    /// <summary>
    /// Adds a line to a list in block style, with the indentation of its other lines; null where there is no such list.
    /// </summary>
    private static string? WithItem(string configuration, string directory)
    {
        var lines = configuration.Split('\n').ToList();
        var (at, match) = Find(lines);
        if (at < 0 || WithoutComment(match!.Groups["value"].Value).Length > 0) return null;
        var items = lines.Skip(at + 1).TakeWhile(line => Item().IsMatch(line)).ToList();
        if (items.Count == 0) return null;
        lines.Insert(at + 1 + items.Count, $"{Item().Match(items[0]).Groups["indent"].Value}- \"{directory}\"");
        return string.Join('\n', lines);
    }

    /// <summary>The whole value as one list in brackets; comments between its lines stay before it.</summary>
    private static string WithList(string configuration, IReadOnlyList<string> wanted)
    {
        var value = $"[{string.Join(", ", wanted.Select(one => $"\"{one}\""))}]";
        var lines = configuration.Split('\n').ToList();
        var (at, match) = Find(lines);
        if (at < 0) return $"{configuration.TrimEnd('\n')}\n{Name}: {value}\n".TrimStart('\n');
        var indent = match!.Groups["indent"].Value;
        var end = at + 1;
        for (var next = end; next < lines.Count && IsOfValue(lines[next], indent.Length); next++)
            if (!IsEmpty(lines[next])) end = next + 1;
        var comments = lines.GetRange(at + 1, end - at - 1).Where(line => line.TrimStart().StartsWith('#')).ToList();
        lines.RemoveRange(at, end - at);
        lines.InsertRange(at, [.. comments, $"{indent}{match.Groups["key"].Value}: {value}"]);
        return string.Join('\n', lines);
    }

    /// <summary>The line of the setting: at the margin by its full name, else "repo:" below "path:".</summary>
    private static (int At, Match? Match) Find(List<string> lines)
    {
        var full = lines.FindIndex(line => Setting().IsMatch(line));
        if (full >= 0) return (full, Setting().Match(lines[full]));
        var path = lines.FindIndex(line => Path().IsMatch(line));
        for (var at = path + 1; path >= 0 && at < lines.Count && (IsEmpty(lines[at]) || char.IsWhiteSpace(lines[at][0])); at++)
            if (Nested().Match(lines[at]) is { Success: true } nested) return (at, nested);
        return (-1, null);
    }

    private static bool IsEmpty(string line) => line.TrimStart() is "" or ['#', ..];

    /// <summary>A line that goes on with the value above it: deeper than its name, a dash as deep as that, a bracket that closes, or nothing but a comment.</summary>
    private static bool IsOfValue(string line, int indent)
    {
        var text = line.TrimStart();
        var depth = line.Length - text.Length;
        return IsEmpty(line) || depth > indent || (depth == indent && (text.StartsWith("- ", StringComparison.Ordinal) || text.StartsWith(']')));
    }

    private static string WithoutComment(string value) => value.Split(" #")[0].Trim();

    private static string Bare(string item) => item.Length > 1 ? item.TrimEnd('/') : item;

    [GeneratedRegex(@"^(?<indent>)(?<key>path\.repo|""path\.repo""|'path\.repo')\s*:(?<value>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Setting();

    [GeneratedRegex(@"^path\s*:\s*(#.*)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Path();

    [GeneratedRegex(@"^(?<indent>\s+)(?<key>repo)\s*:(?<value>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Nested();

    [GeneratedRegex(@"^(?<indent>\s*)-\s+(?<value>.+)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Item();
}
