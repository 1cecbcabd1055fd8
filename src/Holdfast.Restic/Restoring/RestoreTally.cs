using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>Counts the results of a restore. May be used from several threads.</summary>
internal sealed class RestoreTally(RestoreOptions options)
{
    private readonly Lock _gate = new();
    private readonly List<RestoredNode> _movedAside = [], _failures = [];
    private readonly List<string> _foreign = [];
    private long _files, _folders, _others, _kept, _keptFiles, _keptFolders, _leftOut, _reduced;

    public RestoreCounters Counters => options.Counters;

    public void Add(RestoredNode node)
    {
        lock (_gate) Count(node);
        if (node.Type == NodeType.File && node.Outcome != RestoreOutcome.Failed) Interlocked.Increment(ref Counters.FilesDone);
        options.OnNode?.Invoke(node);
    }

    public void Failed(string path, NodeType type, string error) => Add(new RestoredNode(path, type, RestoreOutcome.Failed, Error: error));

    /// <summary>Counts a node that was left out because it would grant privileges.</summary>
    public void LeftOut() => Interlocked.Increment(ref _leftOut);

    /// <summary>Counts a node that was restored without permissions that would grant privileges.</summary>
    public void Reduced() => Interlocked.Increment(ref _reduced);

    /// <summary>Counts a directory that was created with other metadata than in the snapshot.</summary>
    public void Foreign(string path)
    {
        lock (_gate) _foreign.Add(path);
    }

    public RestoreReport ToReport()
    {
        lock (_gate) return new RestoreReport(_files, _folders, _others, Interlocked.Read(ref Counters.BytesWritten), _kept, [.. _movedAside], [.. _failures])
            {
                KeptFiles = _keptFiles, KeptDirectories = _keptFolders,
                LeftOut = Interlocked.Read(ref _leftOut), Reduced = Interlocked.Read(ref _reduced), Foreign = [.. _foreign],
            };
    }

    private void Count(RestoredNode node)
    {
        if (node.Aside is not null) _movedAside.Add(node);
        if (node.Outcome == RestoreOutcome.Failed)
        {
            _failures.Add(node);
            return;
        }
        if (node.Outcome == RestoreOutcome.Kept) CountKept(node.Type);
        _ = node.Type switch
        {
            NodeType.File => _files++,
            NodeType.Directory => _folders++,
            _ => _others++,
        };
    }

    private void CountKept(NodeType type)
    {
        _kept++;
        if (type == NodeType.File) _keptFiles++;
        if (type == NodeType.Directory) _keptFolders++;
    }
}
