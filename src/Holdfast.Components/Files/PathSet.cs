using System.Collections.Concurrent;

namespace Holdfast.Components.Files;

/// <summary>
/// A growing set of absolute paths, which answers whether one of them is above another path. An answer costs as many
/// hashes of prefixes of the path as there are different lengths in the set: the owner of a captured folder can create
/// paths of thousands of folders. Thread-safe.
/// </summary>
internal sealed class PathSet
{
    private readonly ConcurrentDictionary<string, bool> _paths = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    // Ascending, without the length of "/".
    private volatile int[] _lengths = [];
    private volatile bool _hasRoot;

    public PathSet(IEnumerable<string> paths)
    {
        foreach (var path in paths) Add(path);
    }

    /// <summary>Adds a path; false when the set already contains it.</summary>
    public bool Add(string path)
    {
        if (!_paths.TryAdd(path, true)) return false;
        lock (_gate)
        {
            if (path is "/") _hasRoot = true;
            else if (!_lengths.Contains(path.Length)) _lengths = [.. _lengths.Append(path.Length).Order()];
        }
        return true;
    }

    public bool Contains(string path) => _paths.ContainsKey(path);

    /// <summary>True when a folder above the path is in the set.</summary>
    public bool HasAbove(string path)
    {
        if (_hasRoot && path.Length > 1) return true;
        var paths = _paths.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var length in _lengths)
        {
            if (length >= path.Length) return false;
            if (path[length] == '/' && paths.ContainsKey(path.AsSpan(0, length))) return true;
        }
        return false;
    }
}
