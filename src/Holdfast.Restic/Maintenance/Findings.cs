using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Maintenance;

/// <summary>The problems of one file, collected during the check.</summary>
internal sealed class Finding(string file)
{
    public string File { get; } = file;

    /// <summary>The problems, without duplicates, in the order in which they were found.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>The blobs that cannot be read because of them.</summary>
    public HashSet<Id> Blobs { get; } = [];

    /// <summary>Snapshots that are completely lost because of them.</summary>
    public List<Id> Snapshots { get; } = [];
}

/// <summary>Collects the findings of a check, one entry per file, from several threads.</summary>
internal sealed class Findings
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Finding> _files = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _hints = new(StringComparer.Ordinal);
    private readonly HashSet<(Id Id, BlobType Type)> _missing = [];

    /// <summary>The damaged files, sorted by name.</summary>
    public IReadOnlyList<Finding> Damaged => [.. _files.Values.OrderBy(finding => finding.File, StringComparer.Ordinal)];

    /// <summary>Harmless findings, sorted.</summary>
    public IReadOnlyList<string> Hints => [.. _hints];

    /// <summary>Blobs that trees need and no index lists.</summary>
    public IReadOnlyCollection<(Id Id, BlobType Type)> Missing => _missing;

    public bool IsDamaged(string file)
    {
        lock (_gate) return _files.ContainsKey(file);
    }

    public void Add(string file, string message, params IEnumerable<Id> blobs)
    {
        lock (_gate)
        {
            var finding = Of(file);
            if (!finding.Messages.Contains(message, StringComparer.Ordinal)) finding.Messages.Add(message);
            finding.Blobs.UnionWith(blobs);
        }
    }

    public void AddSnapshot(string file, Id snapshot)
    {
        lock (_gate) Of(file).Snapshots.Add(snapshot);
    }

    public void AddMissing(Id id, BlobType type)
    {
        lock (_gate) _missing.Add((id, type));
    }

    public void AddHint(string hint)
    {
        lock (_gate) _hints.Add(hint);
    }

    private Finding Of(string file)
    {
        if (_files.TryGetValue(file, out var finding)) return finding;
        return _files[file] = new Finding(file);
    }
}
