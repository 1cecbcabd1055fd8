using System.Globalization;
using Xunit;

namespace Holdfast.Testing;

/// <summary>
/// How much of what has no end is tried: kills, drawn histories, mutated inputs, majors of PostgreSQL. <c>./test</c> tries a sample that
/// <see cref="Seed"/> draws, <c>./test long</c> (HOLDFAST_LONG=1) everything or very much.
/// </summary>
public static class Sample
{
    /// <summary>True in <c>./test long</c>.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("HOLDFAST_LONG") is "1";

    /// <summary>HOLDFAST_SEED, or another number in each process. <c>./test</c> sets it to the commit's, and prints it.</summary>
    public static int Seed { get; } = Number("HOLDFAST_SEED") ?? Environment.TickCount & 0xFFFF;

    /// <summary>Draws what <paramref name="purpose"/> needs: the same for the same seed, whatever other tests draw.</summary>
    public static Random Random(string purpose) => new(purpose.Aggregate(Seed, (sum, letter) => unchecked((sum * 31) + letter)));

    /// <summary>How many: the variable, when it is set, otherwise one of two numbers.</summary>
    public static int Count(string variable, int usual, int whenLong) => Number(variable) ?? (IsLong ? whenLong : usual);

    /// <summary>All in <c>./test long</c>, otherwise so many of them, in their order. Of nothing there is no sample.</summary>
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> all, int count, string purpose)
    {
        Assert.NotEmpty(all);
        if (IsLong || count >= all.Count) return all;
        var chosen = Enumerable.Range(0, all.Count).ToArray();
        Random(purpose).Shuffle(chosen);
        return [.. chosen.Take(count).Order().Select(index => all[index])];
    }

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : null;
}
