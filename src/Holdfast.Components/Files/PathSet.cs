using System.Collections.Concurrent;

namespace Holdfast.Components.Files;

/// <summary>
/// Absolute paths that grow in number and never shrink, asked whether one of them lies above another path. The cost of an answer is that of
/// hashing as many beginnings of the path as there are different lengths in the set: whoever owns a captured folder can make paths of thousands
/// of folders. It may be asked and added to from several threads.
/// </summary>
internal sealed class PathSet
{
    private readonly ConcurrentDictionary<string, bool> _paths = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    // Ascending, without that of "/".
    private volatile int[] _lengths = [];
    private volatile bool _hasRoot;

    public PathSet(IEnumerable<string> paths)
    {
        foreach (var path in paths) Add(path);
    }

    /// <summary>False when it is there already.</summary>
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
