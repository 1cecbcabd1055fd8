using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Files;

/// <summary>What a line of the profile came to.</summary>
internal enum EntryState
{
    /// <summary>It is captured.</summary>
    Selected,

    /// <summary>It should be there and is not.</summary>
    Missing,

    /// <summary>It is not there, and need not be.</summary>
    Absent,

    /// <summary>Whether it is there can't be told: this user may not look. That is worse than missing, also for what is optional.</summary>
    Unseen,

    /// <summary>It is, or lies in, the data directory of a database, and is refused.</summary>
    Refused,

    /// <summary>Another component captures it: see <see cref="FileEntry.DataDirectory"/>.</summary>
    Elsewhere,
}

/// <summary>A line of the profile and what it came to on this machine.</summary>
/// <param name="Entry">The line.</param>
/// <param name="State">What it came to.</param>
/// <param name="Places">The real paths to capture, links on the way among them.</param>
/// <param name="Refused">Data directories that it names.</param>
/// <param name="Lost">Paths that are links to nothing, and where they point to.</param>
internal sealed record SelectedEntry(
    FileEntry Entry,
    EntryState State,
    IReadOnlyList<string> Places,
    IReadOnlyList<DataDirectory> Refused,
    IReadOnlyList<(string Link, string Target)> Lost)
{
    /// <summary>Links that were not followed.</summary>
    public IReadOnlyList<RefusedLink> RefusedLinks { get; init; } = [];

    /// <summary>What fits a pattern, and is not captured because a restore has moved it aside.</summary>
    public IReadOnlyList<string> Aside { get; init; } = [];

    /// <summary>The kernel's file systems that it ends in.</summary>
    public IReadOnlyList<string> KernelFileSystems { get; init; } = [];

    /// <summary>True when the line names one path, and does not stand for whatever fits a pattern.</summary>
    public bool IsPlain => !NamePattern.IsIn(Entry.Path);

    /// <summary>Finds on disk what a line stands for.</summary>
    /// <param name="entry">The line.</param>
    /// <param name="isStopped">The platform stands still when its files are captured, so that data which may be copied then is selected.</param>
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

    // A profile that means such a copy names it in full: a pattern never does.
    private static (IReadOnlyList<string> Aside, IReadOnlyList<string> Paths) WithoutAside(string pattern)
    {
        var named = PathPattern.NamesOf(pattern);
        var fits = Glob.Expand(pattern).ToLookup(path => PathPattern.NamesOf(path).Except(named, StringComparer.Ordinal).Any(name => MovedAside.IsFile(name)));
        return ([.. fits[true]], [.. fits[false]]);
    }

    // A single file inside a data directory, named by itself, is a configuration file that happens to lie there.
    private static DataDirectory? RefusedAt(string? place, bool isStopped) =>
        place is not null && Disk.IsFolder(place) && DataDirectory.Around(place) is { } found && !(isStopped && found.MayBeCopiedStopped) ? found : null;
}
