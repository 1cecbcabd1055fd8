using System.Collections.Concurrent;
using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Files;

/// <summary>
/// Decides for each entry whether it is included in the recovery point: what the profile excludes is left out, and so
/// is every data directory of a database, however deep it is, except for the files in it that are selected by their own
/// names. Moved-aside copies of a restore are not part of the platform either, unless the profile names them in full.
/// Thread-safe.
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

    /// <summary>The data directories found so far that were skipped.</summary>
    public IEnumerable<DataDirectory> Databases => _databases.OrderBy(found => found.Path, StringComparer.Ordinal);

    /// <summary>
    /// The stores found so far that are captured as files: a copy is usable only if the store is not written meanwhile.
    /// </summary>
    public IEnumerable<LiveStore> Stores => _stores.Values.OrderBy(store => store.Path, StringComparer.Ordinal);

    /// <summary>The moved-aside copies of a restore found so far, which are left out.</summary>
    public IEnumerable<string> Aside => _aside.Keys.Order(StringComparer.Ordinal);

    /// <summary>True when the path is left out, with everything below it.</summary>
    public bool Excludes(string path, NodeType type)
    {
        if (excludes.Matches(path)) return true;
        if (IsAside(path))
        {
            _aside.TryAdd(path, true);
            return true;
        }
        if (type != NodeType.Directory) return IsInDatabase(path) && !_places.Contains(path);
        // Folders above the selection are only passed through: their other entries are irrelevant.
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
