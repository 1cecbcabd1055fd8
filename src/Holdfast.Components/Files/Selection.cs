namespace Holdfast.Components.Files;

/// <summary>A group of the profile and the outcomes of its lines.</summary>
internal sealed record SelectedGroup(string Name, IReadOnlyList<SelectedEntry> Entries);

/// <summary>The outcome of the profile's 'files' on this machine, at one moment.</summary>
internal sealed record Selection(IReadOnlyList<SelectedGroup> Groups)
{
    public IEnumerable<SelectedEntry> Entries => Groups.SelectMany(group => group.Entries);

    /// <summary>Every real path to capture, each once, sorted.</summary>
    public IReadOnlyList<string> Places { get; } =
        [.. Groups.SelectMany(group => group.Entries).SelectMany(entry => entry.Places).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public static Selection Find(IEnumerable<FileGroup> groups, bool isStopped = false) =>
        new([.. groups.Select(group => new SelectedGroup(group.Name, [.. group.Entries.Select(entry => SelectedEntry.Find(entry, isStopped))]))]);
}
