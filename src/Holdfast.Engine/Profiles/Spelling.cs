namespace Holdfast.Engine.Profiles;

/// <summary>Suggests corrections for misspelled words.</summary>
public static class Spelling
{
    /// <summary>
    /// The candidate nearest to a word, when it is close enough to be a typing error: at most a third of its letters,
    /// at least one.
    /// </summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        var best = candidates.Select(candidate => (Name: candidate, Distance: Distance(word, candidate))).OrderBy(pair => pair.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, word.Length / 3) ? best.Name : null;
    }

    /// <summary>Returns " Did you mean 'x'?", or a list of the candidates, or an empty text.</summary>
    public static string Suggest(string word, IReadOnlyCollection<string> candidates) => Nearest(word, candidates) is { } near
        ? $" Did you mean '{near}'?"
        : candidates.Count == 0 ? "" : $" Expected: {string.Join(", ", candidates)}.";

    /// <summary>Letters to insert, remove, replace, or exchange with their neighbour (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) table[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) table[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        for (var j = 1; j <= b.Length; j++)
        {
            var same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
            table[i, j] = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
        }
        return table[a.Length, b.Length];
    }
}
