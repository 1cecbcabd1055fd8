using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files;

/// <summary>The outcome of a line of the profile.</summary>
internal enum EntryState
{
    /// <summary>It is captured.</summary>
    Selected,

    /// <summary>It is required and does not exist.</summary>
    Missing,

    /// <summary>It does not exist, and is optional.</summary>
    Absent,

    /// <summary>
    /// Its existence cannot be determined, because this user has no access. That is worse than missing, also for an
    /// optional line.
    /// </summary>
    Unseen,

    /// <summary>It is, or is inside, the data directory of a database, and is refused.</summary>
    Refused,

    /// <summary>Another component captures it: see <see cref="FileEntry.DataDirectory"/>.</summary>
    Elsewhere,
}

/// <summary>A line of the profile and its outcome on this machine.</summary>
/// <param name="Entry">The line.</param>
/// <param name="State">The outcome.</param>
/// <param name="Places">The real paths to capture, including links on the way.</param>
/// <param name="Refused">The data directories that it names.</param>
/// <param name="Lost">Dangling links, with their targets.</param>
internal sealed record SelectedEntry(
    FileEntry Entry,
    EntryState State,
    IReadOnlyList<string> Places,
    IReadOnlyList<DataDirectory> Refused,
    IReadOnlyList<(string Link, string Target)> Lost)
{
    /// <summary>Links that were not followed.</summary>
    public IReadOnlyList<RefusedLink> RefusedLinks { get; init; } = [];

    /// <summary>The moved-aside copies of a restore that match a pattern, and are not captured.</summary>
    public IReadOnlyList<string> Aside { get; init; } = [];

    /// <summary>The kernel's file systems in which its paths end.</summary>
    public IReadOnlyList<string> KernelFileSystems { get; init; } = [];

    /// <summary>True when the line is one path, not a pattern.</summary>
    public bool IsPlain => !NamePattern.IsIn(Entry.Path);

    /// <summary>Resolves a line on the file system.</summary>
    /// <param name="entry">The line.</param>
    /// <param name="isStopped">
    /// True when the platform is quiesced while its files are captured, so that data which may be copied then is
    /// selected.
    /// </param>
    public static SelectedEntry Find(FileEntry entry, bool isStopped = false)
    {
        if (entry.DataDirectory is not null) return new(entry, EntryState.Elsewhere, [], [], []);
        var (aside, paths) = WithoutAside(entry.Path);
        var trails = paths.Select(PathTrail.Follow).ToList();
        var lost = paths.Zip(trails).Where(pair => pair.Second is { Lost: not null, Links.Count: > 0 }).Select(pair => (pair.First, pair.Second.Lost!));
        var refused = trails.Select(trail => RefusedAt(trail.Place, isStopped)).OfType<DataDirectory>().Distinct().ToList();
        var places = trails.SelectMany(trail => trail.Links)
            .Concat(trails.Select(trail => trail.Place).OfType<string>().Where(place => RefusedAt(place, isStopped) is null))
            .Distinct(StringComparer.Ordinal).ToList();
        var state = places.Count > 0 ? EntryState.Selected
            : refused.Count > 0 ? EntryState.Refused
            : LocalEntries.WhyUnseen(Glob.PlainPartOf(entry.Path)) is not null ? EntryState.Unseen
            : entry.Optional ? EntryState.Absent : EntryState.Missing;
        return new(entry, state, places, refused, [.. lost])
        {
            RefusedLinks = [.. trails.Select(trail => trail.Refused).OfType<RefusedLink>().Distinct()],
            Aside = aside,
            KernelFileSystems = [.. trails.Select(trail => trail.KernelFileSystem).OfType<string>().Distinct(StringComparer.Ordinal)],
        };
    }

    // A profile that includes a moved-aside copy names it in full: a pattern never matches one.
    private static (IReadOnlyList<string> Aside, IReadOnlyList<string> Paths) WithoutAside(string pattern)
    {
        var named = PathPattern.NamesOf(pattern);
        var fits = Glob.Expand(pattern).ToLookup(path => PathPattern.NamesOf(path).Except(named, StringComparer.Ordinal).Any(name => MovedAside.IsFile(name)));
        return ([.. fits[true]], [.. fits[false]]);
    }

    // A single file inside a data directory, named by itself, is a configuration file that happens to be there.
    private static DataDirectory? RefusedAt(string? place, bool isStopped) =>
        place is not null && Disk.IsFolder(place) && DataDirectory.Around(place) is { } found && !(isStopped && found.MayBeCopiedStopped) ? found : null;
}
