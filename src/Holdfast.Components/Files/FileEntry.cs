namespace Holdfast.Components.Files;

/// <summary>One line of the profile's 'files'.</summary>
/// <param name="Path">An absolute path or a pattern of absolute paths.</param>
/// <param name="Optional">True when its absence causes no warning.</param>
/// <param name="DataDirectory">
/// The component ("search") that captures the data at this path instead: the line keeps the platform's own list
/// complete, but nothing is copied.
/// </param>
internal sealed record FileEntry(string Path, bool Optional = false, string? DataDirectory = null);

/// <summary>Lines that belong together, under their name in the profile.</summary>
internal sealed record FileGroup(string Name, IReadOnlyList<FileEntry> Entries);
