using System.Globalization;

namespace Holdfast.Engine.Quantities;

/// <summary>Formats a count with its noun: "1 index", "2 indices".</summary>
public static class Quantity
{
    /// <param name="count">The count.</param>
    /// <param name="one">The singular noun.</param>
    /// <param name="many">The plural noun; by default the singular with an s.</param>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");

    /// <summary>Lists the first names, and the number of the others: "a, b and 3 more".</summary>
    /// <param name="names">All names.</param>
    /// <param name="most">The largest number of names in the list.</param>
    public static string List(IEnumerable<string> names, int most)
    {
        var all = names.ToList();
        var rest = all.Count > most ? string.Create(CultureInfo.InvariantCulture, $" and {all.Count - most} more") : "";
        return string.Join(", ", all.Take(most)) + rest;
    }

    /// <summary>"index" or "indices".</summary>
    public static string Indices(long count) => Of(count, "index", "indices");
}
