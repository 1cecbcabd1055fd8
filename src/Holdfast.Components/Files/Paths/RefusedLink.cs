namespace Holdfast.Components.Files.Paths;

/// <summary>A link that was met on the way to a selected file and not followed; it is captured as the link that it is.</summary>
/// <param name="Link">Its path.</param>
/// <param name="Target">Where it leads to, as far as that can be told.</param>
/// <param name="Reason">Why it was not followed, in a sentence's end.</param>
internal sealed record RefusedLink(string Link, string Target, string Reason);
