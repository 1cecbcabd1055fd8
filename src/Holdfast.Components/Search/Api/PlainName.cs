using System.Buffers;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Names that a recovery point gives to an engine. In paths and in lists of indices an engine reads some names as
/// something else: patterns (*), lists (a,b), exclusions (-a), "_all", date mathematics (&lt;a-{now}&gt;); and ".."
/// refers to another path. Source: the engines' reference manuals, "Multi-target syntax" and "Create index".
/// </summary>
internal static class PlainName
{
    /// <summary>In characters; an engine takes 255 bytes.</summary>
    private const int Longest = 255;

    private static readonly SearchValues<char> _special = SearchValues.Create("*?,<>\"\\/|");

    /// <summary>Whether a name means itself and nothing else.</summary>
    public static bool Is(string? name) =>
        name is { Length: > 0 and <= Longest } and not ("." or "..") && name[0] is not ('-' or '_' or '+')
        && !name.AsSpan().ContainsAny(_special) && !name.Any(char.IsControl);

    /// <summary>Returns the name unchanged when it is a plain name.</summary>
    /// <param name="name">The name in the recovery point.</param>
    /// <param name="kind">The kind of object that it names: "an index".</param>
    /// <exception cref="ProblemException">The engine would read the name as something else.</exception>
    public static string Require(string? name, string kind) => Is(name) ? name! : throw Catalogue.PointManifest.Throwable(
        $"The recovery point has '{Excerpt.Of(name ?? "", Longest)}' as the name of {kind}, which an engine reads as a pattern or a path.",
        "No backup stores such a name. Choose another recovery point, and ask who can write to the repository.");
}
