using System.Globalization;

namespace Holdfast.Engine.Quantities;

/// <summary>How many there are of something, as people say it: "1 index", "2 indices".</summary>
public static class Quantity
{
    /// <param name="count">How many.</param>
    /// <param name="one">What one is called.</param>
    /// <param name="many">What several are called; by default with an s.</param>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");

    /// <summary>The first of them by name, and how many there are besides: "a, b and 3 more".</summary>
    /// <param name="names">All of them.</param>
    /// <param name="most">How many are named.</param>
    public static string List(IEnumerable<string> names, int most)
    {
        var all = names.ToList();
        var rest = all.Count > most ? string.Create(CultureInfo.InvariantCulture, $" and {all.Count - most} more") : "";
        return string.Join(", ", all.Take(most)) + rest;
    }

    /// <summary>"index" or "indices".</summary>
    public static string Indices(long count) => Of(count, "index", "indices");
}
