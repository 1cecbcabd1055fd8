namespace Holdfast.Tests.Conventions;

/// <summary>
/// The exceptions to a limit, from ratchet.txt: "file|method PLACE LINES REASON". An exception holds for exactly
/// its number: what grows fails, and what shrinks must take its number down, so that nothing ever creeps back.
/// </summary>
internal sealed class Ratchet(string kind, int limit, string exceptions)
{
    private readonly Dictionary<string, int> _exceptions = Parse(exceptions, kind);

    /// <summary>With the exceptions of ratchet.txt.</summary>
    public Ratchet(string kind, int limit)
        : this(kind, limit, SourceFiles.All.Single(file => file.Path == "tests/Holdfast.Tests/Conventions/ratchet.txt").Text)
    {
    }

    /// <summary>What is wrong with these sizes, in sentences.</summary>
    public IEnumerable<string> Offences(IReadOnlyCollection<(string Place, int Lines)> sizes)
    {
        foreach (var (place, lines) in sizes)
        {
            var allowed = _exceptions.GetValueOrDefault(place, limit);
            if (lines > allowed) yield return $"{place} has {lines} lines; {allowed} are allowed.";
            else if (lines < allowed && _exceptions.ContainsKey(place)) yield return $"{place} is down to {lines} lines: take its line in ratchet.txt down from {allowed}, or out.";
        }
        foreach (var place in _exceptions.Keys.Except(sizes.Select(size => size.Place), StringComparer.Ordinal))
            yield return $"{place} is not there any more: take its line out of ratchet.txt.";
    }

    private static Dictionary<string, int> Parse(string text, string kind) => text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => line[0] != '#')
        .Select(line => line.Split(' ', 4))
        .Where(words => words[0] == kind)
        .ToDictionary(words => words[1], LinesOf, StringComparer.Ordinal);

    private static int LinesOf(string[] words) =>
        words is [_, _, var lines, var reason] && reason.Length > 10 ? int.Parse(lines) : throw new FormatException($"No reason stands behind '{words[1]}'.");
}
