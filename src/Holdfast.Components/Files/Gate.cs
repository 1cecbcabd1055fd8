using System.Collections.Concurrent;
using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// Decides entry by entry what goes into the recovery point: what the profile excludes stays out, and so does every data
/// directory of a database, however deep it lies; all but the files in it that are selected by their own names. What a
/// restore has moved aside is no part of the platform either, unless the profile names it in full.
/// It may be asked from several threads.
/// </summary>
internal sealed class Gate(PatternList excludes, IReadOnlyList<string> places, bool isStopped = false)
{
    private readonly PathSet _places = new(places);
    private readonly HashSet<string> _abovePlaces = new(places.SelectMany(Above), StringComparer.Ordinal);
    private readonly ConcurrentBag<DataDirectory> _databases = [];
    private readonly PathSet _databasePaths = new([]);
    private readonly ConcurrentDictionary<string, LiveStore> _stores = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _aside = new(StringComparer.Ordinal);

    // Nearly every selection is without data directories, and then no path needs to be looked up.
    private volatile bool _metDatabase;

    /// <summary>Data directories met so far that were skipped.</summary>
    public IEnumerable<DataDirectory> Databases => _databases.OrderBy(found => found.Path, StringComparer.Ordinal);

    /// <summary>Stores met so far that are captured as files: whether the copy is any good depends on whether they are written meanwhile.</summary>
    public IEnumerable<LiveStore> Stores => _stores.Values.OrderBy(store => store.Path, StringComparer.Ordinal);

    /// <summary>What was met so far that a restore has moved aside, and that stays out for it.</summary>
    public IEnumerable<string> Aside => _aside.Keys.Order(StringComparer.Ordinal);

    /// <summary>True when the path stays out, with all below it.</summary>
    public bool Excludes(string path, NodeType type)
    {
        if (excludes.Matches(path)) return true;
        if (IsAside(path))
        {
            _aside.TryAdd(path, true);
            return true;
        }
        if (type != NodeType.Directory) return IsInDatabase(path) && !_places.Contains(path);
        // Folders above the selection are only passed through: what else is in them is nobody's concern.
        if (!IsSelected(path)) return false;
        var names = Disk.Names(path);
        foreach (var store in LiveStore.Recognise(path, names).Where(store => !excludes.Matches(store.Path))) _stores.TryAdd(store.Path, store);
        if (DataDirectory.Recognise(path, names) is { } database)
        {
            if (isStopped && database.MayBeCopiedStopped) _stores.TryAdd(path, new LiveStore(path, database.Database));
            else Remember(database);
        }
        return IsInDatabase(path) && !_abovePlaces.Contains(path);
    }

    /// <summary>True when the path itself is selected.</summary>
    public bool IsPlace(string path) => _places.Contains(path);

    /// <summary>True when a folder above the path is selected as a whole.</summary>
    public bool IsBelowPlace(string path) => _places.HasAbove(path);

    private bool IsAside(string path) =>
        MovedAside.IsFile(Path.GetFileName(path.AsSpan())) && !_places.Contains(path) && !_abovePlaces.Contains(path);

    private void Remember(DataDirectory database)
    {
        if (_databasePaths.Add(database.Path)) _databases.Add(database);
        _metDatabase = true;
    }

    private bool IsSelected(string path) => _places.Contains(path) || IsBelowPlace(path);

    private bool IsInDatabase(string path) =>
        _metDatabase && (_databasePaths.Contains(path) || _databasePaths.HasAbove(path));

    private static IEnumerable<string> Above(string path)
    {
        for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            yield return path[..slash];
        if (path.Length > 1) yield return "/";
    }
}
