using System.Globalization;

namespace Holdfast.Engine.Planning;

/// <summary>How many there are of something, as people say it: "1 index", "2 indices".</summary>
public static class Quantity
{
    /// <param name="count">How many.</param>
    /// <param name="one">What one is called.</param>
    /// <param name="many">What several are called; by default with an s.</param>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");

    /// <summary>"index" or "indices".</summary>
    public static string Indices(long count) => Of(count, "index", "indices");
}
