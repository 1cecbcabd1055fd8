namespace Holdfast.Components.Search.Api;

/// <summary>The beginnings of texts that may be of any length: what engines quote, ids, paths.</summary>
internal static class Excerpt
{
    /// <summary>
    /// The number of characters of an error that are kept: an engine quotes what it rejects, however long it is.
    /// </summary>
    public const int Error = 500;

    private const int Id = 100;

    /// <summary>A text, or its beginning with three dots; a letter of two halves stays whole.</summary>
    public static string Of(string text, int most) => text.Length <= most ? text : $"{text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)]}...";

    public static string OfId(string id) => Of(id, Id);
}
