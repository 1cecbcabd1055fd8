namespace Holdfast.Components.Files.Paths;

/// <summary>A link on the way to a selected file that was not followed; it is captured as a link.</summary>
/// <param name="Link">Its path.</param>
/// <param name="Target">Its target, as far as that can be resolved.</param>
/// <param name="Reason">Why it was not followed, as the end of a sentence.</param>
internal sealed record RefusedLink(string Link, string Target, string Reason);
