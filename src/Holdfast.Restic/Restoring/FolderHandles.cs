using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// The directories of a restore by their descriptors. At most <see cref="Most"/> stay open; any other is opened again
/// from its nearest open parent, without following links, and must then be the same directory as before. May be used
/// from several threads.
/// </summary>
internal sealed class FolderHandles : IDisposable
{
    private const int Most = 256; // together with the files that are written, below the usual limit of 1024 descriptors

    private readonly Lock _gate = new();
    private readonly Dictionary<RestoreFolder, LinkedListNode<Slot>> _slots = [];
    private readonly LinkedList<Slot> _byUse = new(); // the least recently used comes first
    private readonly Dictionary<ulong, RestoreFolder> _fileSystems = [];

    /// <summary>An open directory and the number of its current users.</summary>
    internal sealed class Slot(RestoreFolder key, OpenFolder folder)
    {
        public RestoreFolder Key => key;
        public OpenFolder Folder => folder;
        public int Uses { get; set; }
    }

    /// <summary>A directory that stays open until this is disposed of.</summary>
    public readonly struct Lease : IDisposable
    {
        private readonly FolderHandles _owner;
        private readonly Slot _slot;

        internal Lease(FolderHandles owner, Slot slot) => (_owner, _slot) = (owner, slot);

        public OpenFolder Folder => _slot.Folder;

        public void Dispose()
        {
            lock (_owner._gate) _slot.Uses--;
        }
    }

    /// <summary>Takes ownership of a directory that was opened for the first time.</summary>
    public void Add(RestoreFolder folder, OpenFolder open)
    {
        var status = open.Status;
        folder.Identity = status.Identity;
        lock (_gate)
        {
            _fileSystems.TryAdd(status.Device, folder);
            Keep(folder, open);
        }
    }

    /// <summary>Returns the open directory.</summary>
    /// <exception cref="PosixException">It does not exist any more, or was replaced by another one.</exception>
    public Lease Use(RestoreFolder folder)
    {
        lock (_gate) return new Lease(this, Hold(folder));
    }

    /// <summary>
    /// Makes everything restored survive a power failure: each file system that contains a directory is flushed to its
    /// disk.
    /// </summary>
    public void Sync()
    {
        foreach (var folder in _fileSystems.Values)
        {
            using var lease = Use(folder);
            lease.Folder.SyncFileSystem();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var slot in _byUse) slot.Folder.Dispose();
            _byUse.Clear();
            _slots.Clear();
        }
    }

    private Slot Hold(RestoreFolder folder)
    {
        if (!_slots.TryGetValue(folder, out var node))
            node = Keep(folder, Reopen(folder));
        else if (node.Next is not null)
        {
            _byUse.Remove(node);
            _byUse.AddLast(node);
        }
        node.Value.Uses++;
        return node.Value;
    }

    private LinkedListNode<Slot> Keep(RestoreFolder folder, OpenFolder open)
    {
        var node = _slots[folder] = _byUse.AddLast(new Slot(folder, open));
        node.Value.Uses++; // must not be closed to make room for itself
        for (var old = _byUse.First; old is not null && _slots.Count > Most;)
        {
            var next = old.Next;
            if (old.Value.Uses == 0 && old.Value.Key.Parent is not null)
            {
                _slots.Remove(old.Value.Key);
                _byUse.Remove(old);
                old.Value.Folder.Dispose();
            }
            old = next;
        }
        node.Value.Uses--;
        return node;
    }

    private OpenFolder Reopen(RestoreFolder folder)
    {
        var names = new Stack<string>();
        var from = folder;
        while (!_slots.ContainsKey(from) && !from.IsLinked)
        {
            names.Push(from.Name);
            from = from.Parent!; // the root is always open
        }
        if (_slots.TryGetValue(from, out var near)) return Checked(folder, near.Value.Folder.OpenBelow([.. names], folder.Path));
        var parent = Hold(from.Parent!);
        try
        {
            var followed = TrustedPath.Follow(parent.Folder, from.Parent!.IsTrusted, from.Name);
            var open = followed?.Folder ?? throw Exchanged(from);
            if (names.Count == 0) return Checked(folder, open);
            using (open) return Checked(folder, open.OpenBelow([.. names], folder.Path));
        }
        finally
        {
            parent.Uses--;
        }
    }

    private static OpenFolder Checked(RestoreFolder folder, OpenFolder open)
    {
        if (open.Status.Identity == folder.Identity) return open;
        open.Dispose();
        throw Exchanged(folder);
    }

    private static PosixException Exchanged(RestoreFolder folder) =>
        PosixException.Refused(folder.Path, $"the folder {folder.Path} was exchanged for another while it was being restored");
}
