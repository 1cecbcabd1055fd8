namespace Holdfast.Components.Files;

/// <summary>One line of the profile's 'files'.</summary>
/// <param name="Path">An absolute path or a pattern of such.</param>
/// <param name="Optional">It may be absent without a warning.</param>
/// <param name="DataDirectory">
/// The component ("search") that captures the data at this path instead: the line is kept so that nothing of a platform's
/// own list is lost from sight, but nothing is copied.
/// </param>
internal sealed record FileEntry(string Path, bool Optional = false, string? DataDirectory = null);

/// <summary>Lines that belong together, under the name they have in the profile.</summary>
internal sealed record FileGroup(string Name, IReadOnlyList<FileEntry> Entries);
